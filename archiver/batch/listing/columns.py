"""The row of a listing and its columns, under the names that `--where`, `--sort` and every output use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from archiver.domain.errors import ErrorRecord
from archiver.domain.filtering.column import Column, Columns, Kind, Value
from archiver.domain.generation import State
from archiver.domain.identity import AssetName, GenerationId
from archiver.domain.outcome import Outcome, failure
from archiver.domain.owed import Owed, Reason
from archiver.domain.sidecar import AssetStatus, Verification
from archiver.domain.timing import parse_timestamp, show_timestamp
from archiver.storage.entries import IndexEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One generation. What has no sidecar yet has no `verification`, no `path`, and is `owed`.

    `outcome` is what became of it last; `row` holds the manifest's columns where no sidecar keeps them.
    """

    id: GenerationId
    state: str
    outcome: str
    verification: Verification | None = None
    created_at: str | None = None
    archived_at: str | None = None
    updated_at: str | None = None
    """When it was archived; of what has no sidecar, since when it is owed for the same reason."""
    prompt: str | None = None
    aspect_ratio: str | None = None
    size: int = 0
    path: str | None = None
    assets: Mapping[AssetName, AssetStatus] = field(default_factory=dict)
    error: ErrorRecord | None = None
    next_try_at: str | None = None
    row: Mapping[str, Any] = field(default_factory=dict)


UNKNOWN = "unknown"
"""The state of what the service never told of."""

_OUTCOMES = {Verification.MISMATCHED: Outcome.MISMATCHED, Verification.INCOMPLETE: Outcome.INCOMPLETE}


def listed_entry(entry: IndexEntry) -> Listed:
    """Return the row of a generation that has a sidecar."""
    is_failed = entry.state == State.FAILED and not entry.assets
    outcome = Outcome.FAILED if is_failed else _OUTCOMES.get(entry.verification, Outcome.ARCHIVED)
    return Listed(
        id=entry.id,
        state=entry.state,
        outcome=outcome,
        verification=entry.verification,
        created_at=entry.created_at,
        archived_at=entry.archived_at,
        updated_at=entry.archived_at,
        prompt=entry.prompt,
        aspect_ratio=entry.aspect_ratio,
        size=entry.size,
        path=entry.folder,
        assets=entry.assets,
        error=failure(entry.failure_reason) if is_failed else None,
    )


def listed_owed(owed: Owed) -> Listed:
    """Return the row of a generation that is owed and has no sidecar."""
    return Listed(
        id=owed.id,
        state=State.PENDING if owed.reason is Reason.PENDING else UNKNOWN,
        outcome=owed.reason,
        updated_at=show_timestamp(owed.since),
        error=owed.error,
        next_try_at=show_timestamp(owed.next_try),
        row=owed.row,
    )


def with_owed(row: Listed, owed: Owed) -> Listed:
    """Return the row of an archived generation of which something is owed."""
    return replace(row, error=owed.error, next_try_at=show_timestamp(owed.next_try))


def _moment(read: Callable[[Listed], str | None]) -> Column[Listed]:
    def value(row: Listed) -> Value:
        text = read(row)
        return parse_timestamp(text) if text else None

    return Column(Kind.MOMENT, value)


def _text(read: Callable[[Listed], str | None]) -> Column[Listed]:
    return Column(Kind.TEXT, read)


def _asset(name: AssetName) -> Column[Listed]:
    return _text(lambda row: row.assets.get(name))


COLUMNS: Columns[Listed] = {
    "id": _text(lambda row: row.id),
    "state": _text(lambda row: row.state),
    "outcome": _text(lambda row: row.outcome),
    "verification": _text(lambda row: row.verification),
    "created_at": _moment(lambda row: row.created_at),
    "archived_at": _moment(lambda row: row.archived_at),
    "updated_at": _moment(lambda row: row.updated_at),
    "next_try_at": _moment(lambda row: row.next_try_at),
    "prompt": _text(lambda row: row.prompt),
    "aspect_ratio": _text(lambda row: row.aspect_ratio),
    "bytes": Column(Kind.SIZE, lambda row: row.size),
    "path": _text(lambda row: row.path),
    "error": _text(lambda row: row.error.kind if row.error else None),
    **{name.value: _asset(name) for name in AssetName},
}
