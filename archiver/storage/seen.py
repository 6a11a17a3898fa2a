"""The ids that a run has met, in bounded memory however many there are."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from archiver.domain.identity import GenerationId
from archiver.storage.database import VALUES_AT_ONCE, Database

# A million ids take some 50 MB in the file; a cache of this size finds one in about 5 microseconds.
_CACHE_KIB = 8192


class Seen:
    """A set of ids in an unnamed temporary file, gone when it is closed. Any thread may ask.

    It stands where SQLite keeps temporary files: SQLITE_TMPDIR, TMPDIR, /var/tmp. Every method raises
    `ArchiveError`.
    """

    def __init__(self) -> None:
        self._database = Database.open_temporary("the list of ids met", cache_kib=_CACHE_KIB)
        self._database.change("CREATE TABLE seen (id TEXT PRIMARY KEY) WITHOUT ROWID")
        # One transaction for the whole run: nothing here is worth keeping after it.
        self._database.change("BEGIN")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def add(self, generation_id: GenerationId) -> bool:
        """Take note of an id and tell whether it is new."""
        return bool(self.add_all([generation_id]))

    def add_all(self, ids: Sequence[GenerationId]) -> set[GenerationId]:
        """Take note of ids and return those that are new: by the hundred this is far quicker."""
        new: set[GenerationId] = set()
        for start in range(0, len(ids), VALUES_AT_ONCE):
            page = ids[start : start + VALUES_AT_ONCE]
            marks = ", ".join("?" * len(page))
            met = self._database.rows(f"SELECT id FROM seen WHERE id IN ({marks})", page)  # noqa: S608 - marks alone
            new.update(set(page).difference(generation_id for (generation_id,) in met))
            rows = ", ".join(["(?)"] * len(page))
            self._database.change(f"INSERT OR IGNORE INTO seen VALUES {rows}", page)  # noqa: S608 - marks alone
        return new

    def close(self) -> None:
        """Let the file go."""
        self._database.close()
