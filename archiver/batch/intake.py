"""From a manifest's rows to work: what is repeated or archived already falls away here, a chunk at a time.

Rows come by the million; a chunk is read, and looked up in the index, in one hop to a worker thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from archiver.batch.manifest import ManifestRow
from archiver.domain.errors import ErrorRecord
from archiver.domain.events import RowRejected
from archiver.domain.generation import State
from archiver.domain.identity import AssetName
from archiver.domain.outcome import GenerationResult, Outcome
from archiver.domain.sidecar import AssetStatus, Verification
from archiver.pipeline.generation import Held, Item
from archiver.storage.archive import Archive
from archiver.storage.entries import IndexEntry
from archiver.storage.index import Index
from archiver.storage.seen import Seen

# Long enough that the hop costs nothing a row, short enough that the loop is never away for long.
_CHUNK_ROWS = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What is wanted: which assets, and whether what is final is asked for again."""

    assets: frozenset[AssetName]
    retry_failed: bool = False
    retry_mismatched: bool = False


Admitted = RowRejected | GenerationResult | Item
"""A bad row, a generation that is unchanged, or one to work on."""


class Intake:
    """Sorts rows by what the archive has already."""

    def __init__(self, archive: Archive, index: Index, seen: Seen, selection: Selection) -> None:
        self._archive = archive
        self._index = index
        self._seen = seen
        self._selection = selection

    async def admit(self, rows: Iterable[ManifestRow | RowRejected]) -> AsyncIterator[list[Admitted]]:
        """Yield what the rows come to, in their order, in chunks. Raises `UsageError` and `ArchiveError`."""
        iterator = iter(rows)
        while chunk := await asyncio.to_thread(self._next_chunk, iterator):
            yield [admitted for admitted in chunk if admitted is not None]

    def _next_chunk(self, rows: Iterator[ManifestRow | RowRejected]) -> list[Admitted | None]:
        return [self._sort(row) for row in islice(rows, _CHUNK_ROWS)]

    def _sort(self, row: ManifestRow | RowRejected) -> Admitted | None:
        if isinstance(row, RowRejected):
            return row
        if not self._seen.add(row.id):
            return None
        entry = self._index.get(row.id)
        if entry is None:
            return Item(id=row.id, row=row.row, saved_answer=row.saved_answer)
        if self._is_final(entry) and self._index.is_current(entry):
            return _unchanged(entry)
        return self._item_again(row, entry)

    def _is_final(self, entry: IndexEntry) -> bool:
        if entry.state == State.FAILED:
            return not self._selection.retry_failed
        wanted = self._selection.assets & set(entry.offered)
        if not wanted <= entry.assets.keys():
            return False
        statuses = set(entry.assets.values())
        if AssetStatus.MISMATCHED in statuses and self._selection.retry_mismatched:
            return False
        return entry.verification != Verification.INCOMPLETE

    def _item_again(self, row: ManifestRow, entry: IndexEntry) -> Admitted:
        """Look closer at a generation whose folder changed, or that is not whole."""
        survey = self._archive.survey(entry.folder)
        if survey is None:
            return Item(id=row.id, row=row.row, saved_answer=row.saved_answer)
        unwanted = {AssetStatus.MISSING}
        if self._selection.retry_mismatched:
            unwanted.add(AssetStatus.MISMATCHED)
        recorded = survey.sidecar.assets
        kept = {
            name: record
            for name, record in recorded.items()
            if name in survey.present and record.status not in unwanted
        }
        is_whole = kept.keys() == recorded.keys()
        if self._is_final(entry) and is_whole:
            self._index.refresh(entry)
            return _unchanged(entry)
        held = Held(folder=entry.folder, assets=kept)
        return Item(
            id=row.id, row=row.row or survey.sidecar.manifest_row, held=held, saved_answer=row.saved_answer
        )


def _unchanged(entry: IndexEntry) -> GenerationResult:
    error = (
        ErrorRecord(kind="failed", message="failed at the service") if entry.state == State.FAILED else None
    )
    return GenerationResult(
        id=entry.id,
        state=entry.state,
        outcome=Outcome.UNCHANGED,
        path=entry.folder,
        assets=entry.assets,
        error=error,
    )
