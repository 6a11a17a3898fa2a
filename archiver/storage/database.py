"""SQLite, behind one door: opening, transactions, and its errors in the archiver's words.

One connection, used by any thread under a lock. Write-ahead logging: readers go on while a run writes.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from archiver.domain.errors import ArchiveError, DiskFullError

# What another process's checkpoint may take at most.
_BUSY_TIMEOUT_S = 30.0
_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT}
# The low byte is the error, the rest tells more of it (sqlite.org/rescode.html).
_PRIMARY_CODE = 0xFF
# What it holds of the index grows with the archive: 16 MB spare a tenth of a second over 100,000 generations,
# for the system holds the pages as well.
_CACHE = "PRAGMA cache_size = -4096"
_PROBE = "SELECT count(*) FROM sqlite_schema"

VALUES_AT_ONCE = 512
"""How many values a statement may take: SQLite before 3.32 has 999 at most (sqlite.org/limits.html)."""

Row = tuple[Any, ...]


class DamagedDatabaseError(ArchiveError):
    """What is in the file is no database, or a broken one."""


class Database:
    """One open database; `name` is what messages call it. Every method raises `ArchiveError`."""

    def __init__(self, target: str, name: str, *pragmas: str) -> None:
        self._name = name
        self._turn = threading.Lock()
        with self._translated("open"):
            self._connection = sqlite3.connect(
                target, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False, uri=True
            )
        try:
            with self._translated("open"):
                for pragma in (*pragmas, _PROBE):
                    self._connection.execute(pragma).fetchall()
        except ArchiveError:
            self._connection.close()
            raise

    @classmethod
    def open(cls, path: Path, name: str) -> Self:
        """Open a database for writing, made where there is none."""
        # Without a sync at each transaction a power cut may cost the last ones, never the database.
        return cls(path.as_uri(), name, "PRAGMA journal_mode = WAL", "PRAGMA synchronous = NORMAL", _CACHE)

    @classmethod
    def open_reading(cls, path: Path, name: str) -> Self:
        """Open a database for reading alone, also one that a run is writing, or one on a read-only disk."""
        # With the right to write SQLite takes its log's files away at the end; without, it leaves them. Where
        # it can make none, it must be told that there is no writer (sqlite.org/wal.html#read_only_databases).
        for mode in ("mode=rw", "mode=ro"):
            try:
                return cls(f"{path.as_uri()}?{mode}", name, "PRAGMA query_only = ON")
            except DamagedDatabaseError:
                raise
            except ArchiveError:
                continue
        return cls(f"{path.as_uri()}?immutable=1", name)

    @classmethod
    def open_memory(cls, name: str) -> Self:
        """Open a database in memory."""
        return cls(":memory:", name)

    @classmethod
    def open_temporary(cls, name: str, *, cache_kib: int) -> Self:
        """Open a database in an unnamed file, with a bounded cache; it is gone when it is closed."""
        # An empty name is SQLite's way to ask for it (sqlite.org/inmemorydb.html#temp_db).
        cache = f"PRAGMA cache_size = -{cache_kib}"
        return cls("", name, "PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF", cache)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[Row]:
        """Return all rows that a statement yields."""
        # Here and in `change` without `_translated`: a run of a million rows asks a million times.
        with self._turn:
            try:
                return self._connection.execute(statement, values).fetchall()
            except sqlite3.Error as error:
                raise self._error(error, "read") from error

    def change(self, statement: str, values: Sequence[Any] = ()) -> int:
        """Do one statement and return how many rows it changed."""
        with self._turn:
            try:
                return self._connection.execute(statement, values).rowcount
            except sqlite3.Error as error:
                raise self._error(error, "write") from error

    def change_many(self, statement: str, values: Iterable[Sequence[Any]]) -> None:
        """Do a statement for each of `values`, all in one transaction."""
        with self._turn, self._translated("write"), self._transaction():
            self._connection.executemany(statement, values)

    def change_all(self, statements: Iterable[str]) -> None:
        """Do these statements, all or none of them; they may change tables."""
        with self._turn, self._translated("write"), self._transaction():
            for statement in statements:
                self._connection.execute(statement)

    def change_durably(self, statement: str) -> None:
        """Do one statement such that it outlives a power cut."""
        with self._turn, self._translated("write"):
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.execute(statement)
            self._connection.execute("PRAGMA synchronous = NORMAL")

    def copy_to(self, other: Database) -> None:
        """Copy all that is here into another database."""
        with self._turn, self._translated("read"):
            self._connection.backup(other._connection)

    def close(self) -> None:
        """Close it. Twice does no harm."""
        with self._turn, self._translated("close"):
            self._connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except sqlite3.Error:
            # A full disk may have rolled back by itself (sqlite.org/lang_transaction.html).
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    @contextmanager
    def _translated(self, doing: str) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._error(error, doing) from error

    def _error(self, error: sqlite3.Error, doing: str) -> ArchiveError:
        what = f"cannot {doing} {self._name}"
        # Absent on errors of the module's own, such as the use of a closed connection.
        code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE
        if code == sqlite3.SQLITE_FULL:
            return DiskFullError(f"{what}: no room left on the disk: make room and run again")
        if code == sqlite3.SQLITE_IOERR:
            # A sync for which there is no room is one, too.
            return ArchiveError(f"{what}: {error}: see that the disk has room and no errors, then run again")
        if code in _DAMAGE:
            return DamagedDatabaseError(f"{what}: it is damaged ({error}): delete it, then run again")
        return ArchiveError(f"{what}: {error}: see that it can be written, or delete it, then run again")
