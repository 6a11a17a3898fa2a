"""Downloads of one clip, without a network: what the pipeline does to the disk."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest

from archiver.domain.errors import BrokenError
from archiver.domain.identity import AssetName
from archiver.storage.archive import Archive
from archiver.storage.journal import Journal
from archiver.storage.partfile import BodySource
from archiver.storage.partial import PartialDownload
from tests.storage.samples import GENERATION, URL, VALIDATOR

# Three megabytes gathered whole, and a rest.
BODY = os.urandom(3_400_000)
SOURCE = BodySource(url=URL, validator=VALIDATOR, total=len(BODY))
_CHUNK = 65_536


def clip(archive: Archive) -> PartialDownload:
    """Return the download of the clip, as a run that knows nothing of earlier ones has it."""
    return archive.partial(GENERATION, AssetName.VIDEO)


def part(archive: Archive) -> Path:
    """Return where its bytes are."""
    return archive.root / ".partial" / GENERATION / "video.part"


async def receive(
    partial: PartialDownload, body: bytes, *, at: int = 0, error: Exception | None = None
) -> None:
    """Write a body in chunks, as a network brings it; `error` is how it ends."""
    async with partial.appending(at=at, source=SOURCE) as writer:
        for start in range(0, len(body), _CHUNK):
            await writer.write(body[start : start + _CHUNK])
        if error:
            raise error


async def break_off(archive: Archive, body: bytes) -> None:
    """Receive the beginning of the clip; then the connection breaks."""
    with pytest.raises(BrokenError):
        await receive(clip(archive), body, error=BrokenError("cut"))


def journal(archive: Archive) -> Journal:
    """Return the clip's journal."""
    return msgspec.json.decode(part(archive).with_suffix(".json").read_bytes(), type=Journal)


def rewrite_journal(archive: Archive, **changes: object) -> None:
    """Change the clip's journal."""
    changed = msgspec.structs.replace(journal(archive), **changes)
    part(archive).with_suffix(".json").write_bytes(msgspec.json.encode(changed))
