"""The list of what is owed: `owed.jsonl`, held in a temporary database while it is open.

An added id has no sidecar, so the index, which is a cache of sidecars, cannot keep it. The file can: it is
appended to, durably, and made anew when most of its lines are history. What this version cannot read in it
is left alone, and then nothing is taken out of the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from archiver.domain.errors import DiskFullError
from archiver.domain.identity import GenerationId
from archiver.domain.naming import OWED
from archiver.domain.owed import Owed, Reason, Settled, decode_line, decode_owed, encode_line
from archiver.storage.database import Database
from archiver.storage.linefile import LineFile

_TABLE = (
    "CREATE TABLE owed (id TEXT PRIMARY KEY, reason TEXT NOT NULL, due_s REAL NOT NULL, line BLOB NOT NULL)"
)
# An update keeps the rowid, by which the list is gone through: what is put back is not met again.
_PUT = """
    INSERT INTO owed VALUES (?, ?, ?, ?) ON CONFLICT (id)
    DO UPDATE SET reason = excluded.reason, due_s = excluded.due_s, line = excluded.line
"""
_PAGE = "SELECT rowid, line FROM owed WHERE rowid > ? AND due_s <= ? ORDER BY rowid LIMIT 500"
_CACHE_KIB = 8192
# So much history is not worth the work of taking it out.
_SLACK_BYTES = 65_536
_FOREVER_S = float("inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class OwedCounts:
    """How many are owed, by reason; how many of them are due, and when the next of the others is."""

    by_reason: dict[Reason, int]
    due: int
    next_due: datetime | None

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.by_reason.values())


class OwedList:
    """What is owed, by id; any thread may ask. Close it, or use `with`. Every method raises `ArchiveError`.

    `notice` is what a person should know of how it was opened, or None. Only whoever holds the archive's
    lock opens it for writing; opened for reading, it touches no file.
    """

    def __init__(self, file: LineFile, *, is_writable: bool) -> None:
        self._file = file
        self._is_writable = is_writable
        self._unreadable: list[int] = []
        self.is_empty = True
        """True where nothing was ever owed: whoever asks for one generation after the other need not."""
        self._database = Database.open_temporary("the list of what is owed", cache_kib=_CACHE_KIB)
        # One transaction for the whole run: the file is what is kept.
        for statement in (_TABLE, "BEGIN"):
            self._database.change(statement)

    @classmethod
    def open(cls, root: Path, *, writable: bool = True) -> Self:
        """Read the list of the archive at `root`."""
        owed = cls(LineFile(root, OWED), is_writable=writable)
        try:
            owed._load()
        except BaseException:
            owed._database.close()
            raise
        return owed

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def notice(self) -> str | None:
        """What a person should know: which lines could not be read."""
        if not self._unreadable:
            return None
        return (
            f"{OWED}: line {self._unreadable[0]} cannot be read and is passed over, "
            f"{len(self._unreadable)} in all: a newer luma-archiver, or an editor, wrote it"
        )

    def get(self, generation_id: GenerationId) -> Owed | None:
        """Return what is owed of a generation; None where nothing is."""
        rows = self._database.rows("SELECT line FROM owed WHERE id = ?", (generation_id,))
        return decode_owed(rows[0][0]) if rows else None

    def put(self, owed: Sequence[Owed]) -> None:
        """Take note of these, in the place of what was noted of them before."""
        lines = [(entry, encode_line(entry)) for entry in owed]
        if lines:
            self._file.append(line for _, line in lines)
        for entry, line in lines:
            self._put(entry, line)

    def settle(self, ids: Iterable[GenerationId]) -> None:
        """Take note that nothing is owed of these any more."""
        if not self._database.rows("SELECT 1 FROM owed LIMIT 1"):
            return
        known = [generation_id for generation_id in ids if self._is_owed(generation_id)]
        if known:
            self._file.append(encode_line(Settled(settled=generation_id)) for generation_id in known)
        for generation_id in known:
            self._remove(generation_id)

    def due(self, now: datetime) -> Iterator[Owed]:
        """Give what is due, in the order in which it came on the list, each once; it may change meanwhile."""
        return self._pages(now.timestamp())

    def entries(self) -> Iterator[Owed]:
        """Give everything, in the same order."""
        return self._pages(_FOREVER_S)

    def counts(self, now: datetime) -> OwedCounts:
        """Count them."""
        by_reason = self._database.rows("SELECT reason, count(*) FROM owed GROUP BY reason ORDER BY reason")
        now_s = now.timestamp()
        ((due,),) = self._database.rows("SELECT count(*) FROM owed WHERE due_s <= ?", (now_s,))
        ((next_s,),) = self._database.rows("SELECT min(due_s) FROM owed WHERE due_s > ?", (now_s,))
        return OwedCounts(
            by_reason={Reason(reason): count for reason, count in by_reason},
            due=due,
            next_due=None if next_s is None else datetime.fromtimestamp(next_s, UTC),
        )

    def close(self) -> None:
        """Take the history out of the file where it is most of it."""
        try:
            if self._is_writable and not self._unreadable and self._is_mostly_history():
                # A disk that is full can hold the history a while longer.
                with suppress(DiskFullError):
                    self._file.replace(encode_line(entry) for entry in self.entries())
        finally:
            self._database.close()

    def _load(self) -> None:
        for number, data in enumerate(self._file.lines(), 1):
            try:
                line = decode_line(data)
            except ValueError:
                self._unreadable.append(number)
                continue
            if isinstance(line, Settled):
                self._remove(line.settled)
            else:
                self._put(line, data)

    def _put(self, entry: Owed, line: bytes) -> None:
        self.is_empty = False
        row = (entry.id, entry.reason.value, entry.next_try.timestamp(), line)
        self._database.change(_PUT, row)

    def _remove(self, generation_id: GenerationId) -> None:
        self._database.change("DELETE FROM owed WHERE id = ?", (generation_id,))

    def _is_owed(self, generation_id: GenerationId) -> bool:
        return bool(self._database.rows("SELECT 1 FROM owed WHERE id = ?", (generation_id,)))

    def _pages(self, until_s: float) -> Iterator[Owed]:
        last = 0
        while rows := self._database.rows(_PAGE, (last, until_s)):
            yield from (decode_owed(line) for _, line in rows)
            last = rows[-1][0]

    def _is_mostly_history(self) -> bool:
        size = self._file.size
        ((live,),) = self._database.rows("SELECT coalesce(sum(length(line) + 1), 0) FROM owed")
        is_all = bool(size) and not live
        return is_all or size > 2 * live + _SLACK_BYTES
