"""From a manifest's rows to work: what is repeated or archived already falls away here, a chunk at a time.

Rows come by the million; a chunk is looked up in the index in one hop to a worker thread.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from archiver.batch.manifest import ManifestRow, Row
from archiver.batch.reading import RowReader
from archiver.domain.errors import SidecarError
from archiver.domain.events import RowRejected
from archiver.domain.generation import State
from archiver.domain.identity import AssetName
from archiver.domain.outcome import GenerationResult
from archiver.domain.sidecar import AssetRecord, AssetStatus, Verification, merged_row
from archiver.pipeline.item import HeldGeneration, Item
from archiver.pipeline.results import unchanged_result, unusable_result
from archiver.runtime.threads import run_in_thread
from archiver.storage.archive import Archive
from archiver.storage.entries import Brief, digest_of_row
from archiver.storage.index import Index
from archiver.storage.seen import Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What is wanted: which assets, whether verified, and whether what is final is asked for again."""

    assets: frozenset[AssetName]
    verify: bool = False
    retry_failed: bool = False
    retry_mismatched: bool = False


Admitted = RowRejected | GenerationResult | Item
"""A bad row, a generation that is unchanged, or one to work on."""


class Intake:
    """Sorts rows by what the archive has already; `takes_rows` lets new columns reach sidecars that stand."""

    def __init__(
        self, archive: Archive, index: Index, seen: Seen, selection: Selection, *, takes_rows: bool = False
    ) -> None:
        self._archive = archive
        self._index = index
        self._seen = seen
        self._selection = selection
        self._takes_rows = takes_rows

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
        if self._is_final(brief, row) and self._index.is_current(brief):
            return self._unchanged(row, brief)
        return self._item_again(row, brief)

    def _unchanged(self, row: ManifestRow, brief: Brief) -> Admitted:
        if row.row and self._takes_rows and brief.row_digest != digest_of_row(row.row):
            return Item(id=row.id, row=row.row, amends=brief)
        return unchanged_result(brief)

    def _is_final(self, brief: Brief, row: ManifestRow) -> bool:
        if brief.state == State.FAILED:
            return not self._selection.retry_failed
        if self._is_wanting(brief, row):
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
            return unusable_result(brief, error.record())
        if survey is None:
            return Item(id=row.id, row=row.row, saved_answer=row.saved_answer)
        held = HeldGeneration.of(brief.folder, survey)
        is_whole = not (held.lost or held.missing or self._flagged(held))
        if self._is_final(brief, row) and is_whole:
            return self._unchanged(row, self._index.refresh(row.id) or brief)
        held = self._held_for(held)
        # There may be nothing to fetch: what was promised stands in the sidecar.
        # So it is where a lost file came back, and the sidecar still counts it as missing.
        is_due = bool(held.unverified) or brief.verification == Verification.INCOMPLETE
        is_looked_into_alone = is_whole and is_due and not self._is_wanting(brief, row)
        return Item(
            id=row.id,
            row=merged_row(survey.sidecar.manifest_row, row.row),
            held=held,
            saved_answer=row.saved_answer,
            standing_answer=bytes(survey.sidecar.response) if is_looked_into_alone else None,
            is_narrow=row.is_narrow,
            declined=_declined(row, brief, survey.sidecar.assets),
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

    def _is_wanting(self, brief: Brief, row: ManifestRow) -> bool:
        """Tell whether an asset is wanted that is offered and has no record."""
        wanted = self._selection.assets & brief.offered
        return not (row.is_narrow or wanted <= brief.assets.keys())


def _declined(
    row: ManifestRow, brief: Brief, recorded: Mapping[AssetName, AssetRecord]
) -> frozenset[AssetName]:
    """Return what was offered and not wanted when it was archived; nothing of what failed upstream."""
    return brief.offered - recorded.keys() if row.is_narrow and recorded else frozenset()


def _with_status(
    records: Mapping[AssetName, AssetRecord], status: AssetStatus
) -> dict[AssetName, AssetRecord]:
    return {name: record for name, record in records.items() if record.status is status}
