"""Sidecars, bodies and staged files for the tests of this floor."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from archiver.domain.identity import AssetName, GenerationId, MediaUrl, parse_id
from archiver.domain.sidecar import AssetRecord, AssetStatus, Sidecar, Source, verification_of
from archiver.domain.transfer import Validator
from archiver.storage.archive import Archive

GENERATION = parse_id("4665a07c-7641-4809-a133-10786201bb56")
FOLDER = f"generations/2024/12/{GENERATION}"
URL = MediaUrl.parse("https://media.example/clip.mp4?signature=one")
VALIDATOR = Validator(etag='"v1"')
MOMENT = "2024-12-22T13:38:40Z"


def digest(body: bytes) -> str:
    """Return a body's SHA-256 as sidecars write it."""
    return hashlib.sha256(body).hexdigest()


def record(path: str, body: bytes, *, same_as: AssetName | None = None) -> AssetRecord:
    """Return the record of a verified asset."""
    return AssetRecord(
        status=AssetStatus.VERIFIED,
        path=path,
        url=URL.full,
        size=len(body),
        sha256=digest(body),
        media_type="video/mp4",
        downloaded_at=MOMENT,
        same_as=same_as,
    )


def missing() -> AssetRecord:
    """Return the record of an asset that could not be had."""
    return AssetRecord(status=AssetStatus.MISSING, url=URL.full)


def sidecar(
    assets: Mapping[AssetName, AssetRecord],
    *,
    generation_id: GenerationId = GENERATION,
    archived_at: str = MOMENT,
    prompt: str = "cat dance",
) -> Sidecar:
    """Return the sidecar of a completed generation whose answer offers video and thumbnail."""
    answer = {
        "id": generation_id,
        "state": "completed",
        "video": {"url": URL.full},
        "thumbnail": {"url": URL.full},
    }
    return Sidecar(
        id=generation_id,
        state="completed",
        created_at=MOMENT,
        prompt=prompt,
        aspect_ratio="16:9",
        failure_reason=None,
        archived_at=archived_at,
        archiver_version="0.1.0",
        source=Source(provider="relay", api_base="https://api.example", resolved_at=MOMENT),
        verification=verification_of(dict(assets)),
        assets=dict(assets),
        manifest_row={},
        response=msgspec.Raw(msgspec.json.encode(answer)),
    )


def stage(archive: Archive, asset: AssetName, body: bytes) -> Path:
    """Put a whole body where a download leaves it, and return its path."""
    folder = archive.root / ".partial" / GENERATION
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{asset}.part"
    path.write_bytes(body)
    return path


def files_in(folder: Path) -> dict[str, bytes]:
    """Return what is in a folder, by name, without its sidecar."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "sidecar.json"}


def everything_in(root: Path) -> list[str]:
    """Return the paths of all files and folders below `root`, sorted."""
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*"))
