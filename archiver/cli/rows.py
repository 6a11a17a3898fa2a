"""A listing's row as JSON, as CSV and as a line for a person."""

from __future__ import annotations

import csv
import io
from typing import Any

import msgspec

from archiver.batch.listing.columns import Listed
from archiver.batch.manifest.row import LISTED
from archiver.cli.text import clean
from archiver.domain.identity import AssetName
from archiver.domain.outcome import Outcome
from archiver.domain.quantity import show_size

_DAY_CHARACTERS = len("2024-12-22")
_UNDATED = "-" * _DAY_CHARACTERS


def as_json(row: Listed) -> str:
    """Return a row as a line of JSON. It is a manifest's row, too; of its columns only `id` counts there.

    `manifest_row`, which then counts as well, is there where no sidecar keeps it yet.
    """
    error = row.error and {"kind": row.error.kind, "message": row.error.message}
    kept = {"manifest_row": row.row} if row.row else {}
    line = {"event": LISTED, **_plain(row), "assets": row.assets, "error": error, **kept}
    return msgspec.json.encode(line).decode()


CSV_HEADER = [
    *("id", "state", "outcome", "verification", "created_at", "archived_at", "updated_at", "next_try_at"),
    *("prompt", "aspect_ratio", "bytes", "path", *AssetName, "error", "event"),
]


def as_csv(row: Listed) -> str:
    """Return a row under `CSV_HEADER` (RFC 4180, without the line's end)."""
    assets = {name.value: status for name, status in row.assets.items()}
    error = row.error.kind if row.error else None
    values: dict[str, Any] = {**_plain(row), **assets, "error": error, "event": LISTED}
    return csv_line([values.get(name) for name in CSV_HEADER])


def csv_line(values: list[Any]) -> str:
    """Return values as a line of CSV, without its end."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="").writerow(values)
    return buffer.getvalue()


def as_line(row: Listed) -> str:
    """Return a row for a person: what became of it, id, day, size, and the prompt or what is wrong."""
    words = row.prompt or ""
    if row.error and row.outcome != Outcome.ARCHIVED:
        words = row.error.message
    day = row.created_at[:_DAY_CHARACTERS] if row.created_at else _UNDATED
    return clean(f"{row.outcome:10} {row.id:36} {day} {show_size(row.size):>8}  {words}").rstrip()


def _plain(row: Listed) -> dict[str, Any]:
    return {
        "id": row.id,
        "state": row.state,
        "outcome": row.outcome,
        "verification": row.verification,
        "created_at": row.created_at,
        "archived_at": row.archived_at,
        "updated_at": row.updated_at,
        "next_try_at": row.next_try_at,
        "prompt": row.prompt,
        "aspect_ratio": row.aspect_ratio,
        "bytes": row.size,
        "path": row.path,
    }
