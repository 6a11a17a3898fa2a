"""What `sync` works on: all that is not final, as rows. What is final is neither asked for nor looked at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from archiver.batch.intake import Selection
from archiver.batch.manifest import ManifestRow
from archiver.domain.errors import SidecarError
from archiver.domain.identity import GenerationId
from archiver.domain.owed import Reason
from archiver.domain.timing import show_duration
from archiver.storage.archive import Archive
from archiver.storage.index import Index
from archiver.storage.owed import OwedList


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """The places that know of unfinished work. Every method raises `ArchiveError`."""

    archive: Archive
    index: Index
    owed: OwedList

    def rows(self, selection: Selection, now: datetime) -> Iterator[ManifestRow]:
        """Give what is due, what a killed run left, what is incomplete, and what has lost a file.

        With `retry_failed` and `retry_mismatched` what is final, too. An id may come twice. This blocks.
        """
        for entry in self.owed.due(now):
            # Else somebody has asked since, perhaps for more than was wanted at first.
            is_narrow = entry.is_narrow or entry.reason is Reason.INCOMPLETE
            yield ManifestRow(
                id=entry.id, row=entry.row, saved_answer=entry.saved_answer, is_narrow=is_narrow
            )
        for generation_id in self._not_owed(self.archive.partials.ids()):
            yield ManifestRow(id=generation_id, is_narrow=self._is_of_what_is_recorded(generation_id))
        lacking = chain(self.index.incomplete(), filter(self._has_lost_a_file, self.index.changed()))
        for generation_id in chain(self._not_owed(lacking), self._final(selection)):
            yield ManifestRow(id=generation_id, is_narrow=True)

    def not_due(self, now: datetime) -> str | None:
        """Return in words what is left alone for now, or None."""
        counts = self.owed.counts(now)
        if counts.next_due is None:
            return None
        wait = show_duration((counts.next_due - now).total_seconds())
        return f"{counts.total - counts.due} owed, but not due yet: the next in {wait}; `get ID` asks at once"

    def _not_owed(self, found: Iterable[GenerationId]) -> Iterator[GenerationId]:
        """Give those that are not on the list; what is on it has its own moment."""
        return (generation_id for generation_id in found if self.owed.get(generation_id) is None)

    def _is_of_what_is_recorded(self, generation_id: GenerationId) -> bool:
        """Tell whether a broken-off download is of an asset that was wanted before."""
        entry = self.index.get(generation_id)
        return entry is not None and self.archive.partials.assets(generation_id) <= entry.assets.keys()

    def _has_lost_a_file(self, generation_id: GenerationId) -> bool:
        """Look into a folder that changed; where all that is recorded is there, the index takes note."""
        entry = self.index.get(generation_id)
        try:
            survey = self.archive.survey(entry.folder) if entry else None
        except SidecarError:
            # Whoever works on it will hear why.
            return True
        if entry is None or survey is None:
            return False
        recorded = survey.sidecar.assets.items()
        if any(name not in survey.present for name, record in recorded if record.path is not None):
            return True
        self.index.refresh(generation_id)
        return False

    def _final(self, selection: Selection) -> Iterator[GenerationId]:
        if selection.retry_failed:
            yield from self.index.failed()
        if selection.retry_mismatched:
            yield from self.index.mismatched()
