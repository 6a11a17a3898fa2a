"""Archives made by hand, generation by generation, without a service."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from archiver.domain.identity import AssetName, parse_id
from archiver.domain.naming import folder_of
from archiver.domain.sidecar import AssetRecord, AssetStatus, encode_sidecar, verification_of
from archiver.domain.timing import parse_timestamp
from archiver.storage.archive import Archive
from archiver.storage.index import rebuild_index
from tests.storage.samples import record, sidecar

BODY = b"\0" * 1000


def keep(
    archive: Path,
    generation_id: str,
    *,
    status: AssetStatus = AssetStatus.VERIFIED,
    picture: bytes | None = None,
    **changes: Any,  # noqa: ANN401 - any field of a sidecar
) -> Path:
    """Write a generation with a video of 1000 bytes and `changes` in its sidecar; return its folder.

    Its thumbnail is `picture`, a JPEG. A missing video has no file; a generation that failed has none either.
    """
    known = parse_id(generation_id)
    video = record("video.mp4", BODY) if status is not AssetStatus.MISSING else AssetRecord(status=status)
    assets = {AssetName.VIDEO: msgspec.structs.replace(video, status=status)}
    files = {"video.mp4": BODY} if video.path else {}
    if picture is not None:
        assets[AssetName.THUMBNAIL] = record("thumbnail.jpg", picture)
        files["thumbnail.jpg"] = picture
    if changes.get("state") == "failed":
        assets = {}
    whole = sidecar(assets, generation_id=known)
    kept = msgspec.structs.replace(whole, verification=verification_of(assets), **changes)
    folder = archive / folder_of(known, parse_timestamp(kept.created_at or ""))
    folder.mkdir(parents=True)
    for name, body in files.items() if assets else ():
        (folder / name).write_bytes(body)
    (folder / "sidecar.json").write_bytes(encode_sidecar(kept))
    return folder


def index(archive: Path) -> None:
    """Let the archive's index know all that is there."""
    rebuild_index(Archive.open(archive))
