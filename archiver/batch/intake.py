"""From a manifest's rows to work: what is repeated or archived already falls away here, a chunk at a time.

Rows come by the million; a chunk is looked up in the index in one hop to a worker thread.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from archiver.batch.amending import RowUpdate
from archiver.batch.manifest import ManifestRow, Row
from archiver.batch.reading import RowReader
from archiver.domain.errors import ErrorRecord, SidecarError
from archiver.domain.events import RowRejected
from archiver.domain.generation import State
from archiver.domain.identity import AssetName
from archiver.domain.outcome import GenerationResult, Outcome
from archiver.domain.sidecar import AssetRecord, AssetStatus, Verification
from archiver.pipeline.item import HeldGeneration, Item
from archiver.runtime.threads import run_in_thread
from archiver.storage.archive import Archive
from archiver.storage.entries import Brief
from archiver.storage.index import Index
from archiver.storage.seen import Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What is wanted: which assets, whether verified, and whether what is final is asked for again."""

    assets: frozenset[AssetName]
    verify: bool = False
    retry_failed: bool = False
    retry_mismatched: bool = False
    is_finishing: bool = False
    """Whether what was begun is finished alone: assets that were not wanted then are not wanted now."""


Admitted = RowRejected | GenerationResult | Item
"""A bad row, a generation that is unchanged, or one to work on."""


class Intake:
    """Sorts rows by what the archive has already; an `update` puts new columns into sidecars that stand."""

    def __init__(
        self,
        archive: Archive,
        index: Index,
        seen: Seen,
        selection: Selection,
        update: RowUpdate | None = None,
    ) -> None:
        self._archive = archive
        self._index = index
        self._seen = seen
        self._selection = selection
        self._update = update

    async def admit(self, rows: Iterable[Row]) -> AsyncGenerator[list[Admitted], None]:
        """Yield what the rows come to, in their order, in chunks; close it where they are left unread.

        Raises `UsageError`, after the rows before, and `ArchiveError`.
        """
        with RowReader(rows) as reader:
            while chunk := await reader.next_chunk():
                yield await run_in_thread(self._sort_all, chunk)

    def _sort_all(self, chunk: Sequence[Row]) -> list[Admitted]:
        new = self._seen.add_all([row.id for row in chunk if isinstance(row, ManifestRow)])
        known = self._index.briefs(list(new))
        admitted: list[Admitted] = []
        for row in chunk:
            if isinstance(row, RowRejected):
                admitted.append(row)
            elif row.id in new:
                new.remove(row.id)
                admitted.append(self._sort(row, known.get(row.id)))
        return admitted

    def _sort(self, row: ManifestRow, brief: Brief | None) -> Admitted:
        if brief is None:
            return Item(id=row.id, row=row.row, saved_answer=row.saved_answer)
        if self._is_final(brief) and self._index.is_current(brief):
            return self._unchanged(row, brief)
        return self._item_again(row, brief)

    def _unchanged(self, row: ManifestRow, brief: Brief) -> GenerationResult:
        try:
            if self._update:
                self._update.apply(brief, row.row)
        except SidecarError as error:
            return _unreadable(brief, error)
        return _unchanged(brief)

    def _is_final(self, brief: Brief) -> bool:
        if brief.state == State.FAILED:
            return not self._selection.retry_failed
        if self._is_wanting(brief):
            return False
        if self._selection.verify and brief.verification == Verification.UNVERIFIED:
            return False
        if self._selection.retry_mismatched and AssetStatus.MISMATCHED in brief.assets.values():
            return False
        return brief.verification != Verification.INCOMPLETE

    def _item_again(self, row: ManifestRow, brief: Brief) -> Admitted:
        """Look closer at a generation whose folder changed, or that is not whole."""
        try:
            survey = self._archive.survey(brief.folder)
        except SidecarError as error:
            # Edited by hand, perhaps: its files stay as they are until a person has looked.
            return _unreadable(brief, error)
        if survey is None:
            return Item(id=row.id, row=row.row, saved_answer=row.saved_answer)
        held = HeldGeneration.of(brief.folder, survey)
        is_whole = not (held.lost or held.missing or self._flagged(held))
        if self._is_final(brief) and is_whole:
            self._index.refresh(row.id)
            return self._unchanged(row, brief)
        held = self._held_for(held)
        # There may be nothing to fetch: what was promised stands in the sidecar.
        is_looked_into_alone = is_whole and bool(held.unverified) and not self._is_wanting(brief)
        return Item(
            id=row.id,
            row={**survey.sidecar.manifest_row, **row.row},
            held=held,
            saved_answer=row.saved_answer,
            standing_answer=bytes(survey.sidecar.response) if is_looked_into_alone else None,
            declined=self._declined(brief, survey.sidecar.assets),
        )

    def _flagged(self, held: HeldGeneration) -> dict[AssetName, AssetRecord]:
        """Return those of what is there that are to be had better."""
        is_asked = self._selection.retry_mismatched
        return _with_status(held.assets, AssetStatus.MISMATCHED) if is_asked else {}

    def _held_for(self, held: HeldGeneration) -> HeldGeneration:
        """Return the same, told apart by what is asked for."""
        flagged = self._flagged(held)
        verify = self._selection.verify
        unverified = _with_status(held.assets, AssetStatus.UNVERIFIED) if verify else {}
        kept = {name: held.assets[name] for name in held.assets.keys() - flagged.keys() - unverified.keys()}
        return replace(held, assets=kept, flagged=flagged, unverified=unverified)

    def _declined(self, brief: Brief, recorded: Mapping[AssetName, AssetRecord]) -> frozenset[AssetName]:
        """Return what was offered and not wanted when it was archived; nothing of what failed upstream."""
        if not (self._selection.is_finishing and recorded):
            return frozenset()
        return brief.offered - recorded.keys()

    def _is_wanting(self, brief: Brief) -> bool:
        """Tell whether an asset is wanted that is offered and has no record."""
        wanted = self._selection.assets & brief.offered
        return not (self._selection.is_finishing or wanted <= brief.assets.keys())


def _with_status(
    records: Mapping[AssetName, AssetRecord], status: AssetStatus
) -> dict[AssetName, AssetRecord]:
    return {name: record for name, record in records.items() if record.status is status}


def _unreadable(brief: Brief, error: SidecarError) -> GenerationResult:
    return GenerationResult(
        id=brief.id, state=brief.state, outcome=Outcome.ERROR, path=brief.folder, error=error.record()
    )


def _unchanged(brief: Brief) -> GenerationResult:
    error = (
        ErrorRecord(kind="failed", message="failed at the service") if brief.state == State.FAILED else None
    )
    return GenerationResult(
        id=brief.id,
        state=brief.state,
        outcome=Outcome.UNCHANGED,
        path=brief.folder,
        assets=brief.assets,
        error=error,
    )
