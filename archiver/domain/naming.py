"""Where things belong in an archive: relative paths with `/`, made from checked values alone."""

from __future__ import annotations

from datetime import UTC, datetime

from archiver.domain.checks import MediaKind
from archiver.domain.identity import AssetName, GenerationId

INDEX = "index.sqlite3"
OWED = "owed.jsonl"
RUNS = "runs.jsonl"
AUDITS = "audits.sqlite3"
SUMS = "SHA256SUMS"
PARTIAL = ".partial"
GENERATIONS = "generations"
SIDECAR = "sidecar.json"
UNDATED = "undated"


def folder_of(generation_id: GenerationId, created_at: datetime | None) -> str:
    """Return a generation's folder: by year and month of its making in UTC."""
    if created_at is None:
        return f"{GENERATIONS}/{UNDATED}/{generation_id}"
    moment = created_at.astimezone(UTC)
    return f"{GENERATIONS}/{moment.year:04}/{moment.month:02}/{generation_id}"


def file_name(asset: AssetName, kind: MediaKind) -> str:
    """Return an asset's file name: the extension follows the bytes."""
    return f"{asset}.{kind.extension}"
