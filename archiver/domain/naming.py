"""Where things belong in an archive: relative paths with `/`, made from checked values alone."""

from __future__ import annotations

from datetime import UTC, datetime

from archiver.domain.checks import MediaKind
from archiver.domain.errors import ManifestRowError
from archiver.domain.identity import AssetName, GenerationId, parse_id

INDEX = "index.sqlite3"
OWED = "owed.jsonl"
RUNS = "runs.jsonl"
AUDITS = "audits.sqlite3"
SUMS = "SHA256SUMS"
GALLERY = "gallery"
PARTIAL = ".partial"
GENERATIONS = "generations"
SIDECAR = "sidecar.json"
DAMAGED_SIDECAR = "sidecar.damaged.json"
"""A copy of what stood as the sidecar and could not be read: columns of a manifest may be found in it."""
UNDATED = "undated"


def is_name(text: str) -> bool:
    """Tell whether `text` can name something in a folder, and nothing outside it."""
    return text not in {"", ".", ".."} and "/" not in text and "\0" not in text


def folder_of(generation_id: GenerationId, created_at: datetime | None) -> str:
    """Return a generation's folder: by year and month of its making in UTC."""
    if created_at is None:
        return f"{GENERATIONS}/{UNDATED}/{generation_id}"
    moment = created_at.astimezone(UTC)
    return f"{GENERATIONS}/{moment.year:04}/{moment.month:02}/{generation_id}"


def file_name(asset: AssetName, kind: MediaKind) -> str:
    """Return an asset's file name: the extension follows the bytes."""
    return f"{asset}.{kind.extension}"


def partial_folder_of(generation_id: GenerationId) -> str:
    """Return the name in `.partial` of a generation's folder; no two differ by case alone.

    Two ids that do are fetched at the same time, and some file systems would give them one folder. So the
    capitals are counted in behind a `+`, which no id has: a bit for each, the first character's lowest.
    """
    capitals = sum(1 << place for place, letter in enumerate(generation_id) if letter.isupper())
    return f"{generation_id}+{capitals:x}" if capitals else generation_id


def id_of_partial_folder(name: str) -> GenerationId | None:
    """Return the generation whose folder in `.partial` has this name, or None."""
    try:
        found = parse_id(name.partition("+")[0])
    except ManifestRowError:
        return None
    return found if partial_folder_of(found) == name else None
