"""Archives of real films and pictures, put there by hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from archiver.dataset.example import Example, example_of
from archiver.domain.errors import SidecarError
from archiver.domain.identity import AssetName, parse_id
from archiver.domain.naming import folder_of
from archiver.domain.sidecar import encode_sidecar, verification_of
from archiver.domain.timing import parse_timestamp
from archiver.storage.archive import Archive
from tests.storage.samples import missing, record, sidecar


def keep_film(
    archive: Path,
    generation_id: str,
    files: Mapping[str, bytes],
    *,
    found: Mapping[str, Any] | None = None,
    lacking: tuple[AssetName, ...] = (),
    **changes: Any,  # noqa: ANN401 - any field of a sidecar
) -> Path:
    """Write a generation with these files (`video.mp4` is its video), and return its folder.

    `found` is what else each file's record says: its status, what was measured. `lacking` could not be had.
    """
    known = parse_id(generation_id)
    made = {AssetName(name.partition(".")[0]): record(name, body) for name, body in files.items()}
    assets = {name: msgspec.structs.replace(one, **(found or {})) for name, one in made.items()}
    assets |= {name: missing() for name in lacking}
    whole = sidecar(assets, generation_id=known)
    kept = msgspec.structs.replace(whole, verification=verification_of(assets), **changes)
    folder = archive / folder_of(known, parse_timestamp(kept.created_at or ""))
    folder.mkdir(parents=True)
    for name, body in files.items():
        (folder / name).write_bytes(body)
    (folder / "sidecar.json").write_bytes(encode_sidecar(kept))
    return folder


def examples_in(archive: Path) -> list[Example]:
    """Return all of an archive, by id."""
    examples = []
    for folder, read in Archive.open(archive, writable=False).sidecars():
        assert not isinstance(read, SidecarError)
        examples.append(example_of(read, folder))
    return sorted(examples, key=lambda example: example.id)
