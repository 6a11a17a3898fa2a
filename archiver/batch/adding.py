"""Ids put on the list of what is owed, for the next `sync`; nobody is asked about them now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from archiver.batch.manifest import ManifestRow, Row
from archiver.domain.events import RowRejected
from archiver.domain.owed import Owed, added
from archiver.domain.sidecar import Verification
from archiver.runtime.clock import Clock
from archiver.storage.index import Index
from archiver.storage.owed import OwedList
from archiver.storage.seen import Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Additions:
    """What came of adding: new ones, ones owed before, ones that are final, rows that cannot be used."""

    added: int = 0
    known: int = 0
    final: int = 0
    bad_rows: int = 0

    @property
    def exit_code(self) -> int:
        """The contract's code."""
        return 3 if self.bad_rows else 0


class Adding:
    """Puts rows on the list, a chunk at a time; `additions` counts them. Raises `ArchiveError`."""

    def __init__(self, owed: OwedList, index: Index, seen: Seen, clock: Clock) -> None:
        self._owed = owed
        self._index = index
        self._seen = seen
        self._clock = clock
        self.additions = Additions()

    def add(self, chunk: Iterable[Row]) -> list[RowRejected]:
        """Add these rows; when this returns they outlive a power cut. Return those that cannot be used."""
        rejected = [row for row in chunk if isinstance(row, RowRejected)]
        rows = [row for row in chunk if isinstance(row, ManifestRow) and self._seen.add(row.id)]
        open_rows = [row for row in rows if not self._is_final(row)]
        standing = {row.id: entry for row in open_rows if (entry := self._owed.get(row.id))}
        self._owed.put([self._entry(row, standing.get(row.id)) for row in open_rows])
        counts = self.additions
        self.additions = replace(
            counts,
            added=counts.added + len(open_rows) - len(standing),
            known=counts.known + len(standing),
            final=counts.final + len(rows) - len(open_rows),
            bad_rows=counts.bad_rows + len(rejected),
        )
        return rejected

    def _is_final(self, row: ManifestRow) -> bool:
        entry = self._index.get(row.id)
        if entry is None or entry.verification is Verification.INCOMPLETE:
            return False
        # One that was deleted by hand is to be had again.
        return self._index.is_current(entry.brief)

    def _entry(self, row: ManifestRow, standing: Owed | None) -> Owed:
        """Return what is owed: due at once, with the columns and the answer that are known."""
        columns = row.row or (standing.row if standing else {})
        answer = row.saved_answer or (standing.saved_answer if standing else None)
        return added(row.id, self._clock.now(), row=columns, answer=answer)
