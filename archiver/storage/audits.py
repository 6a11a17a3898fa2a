"""When each generation was last found whole: `audits.sqlite3`. Delete it, and all of them are due again.

No lock is needed to write it: SQLite has its own, and two audits at once only know the same twice. Where the
archive cannot be written it is kept in memory, and the audit goes on.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from archiver.domain.errors import ArchiveError
from archiver.domain.naming import AUDITS
from archiver.storage.database import DamagedDatabaseError, Database
from archiver.storage.folder import Folder

_TABLES = (
    # `read_s` and `decoded_s`: when it was last read, and decoded, whole (seconds since 1970).
    """CREATE TABLE IF NOT EXISTS checked
        (folder TEXT PRIMARY KEY, read_s REAL NOT NULL, decoded_s REAL NOT NULL) WITHOUT ROWID""",
    "CREATE TABLE IF NOT EXISTS audit (is_deep INTEGER PRIMARY KEY, began_s REAL NOT NULL)",
)
_READ = """INSERT INTO checked VALUES (?1, ?2, 0)
    ON CONFLICT (folder) DO UPDATE SET read_s = ?2"""
_DECODED = """INSERT INTO checked VALUES (?1, ?2, ?2)
    ON CONFLICT (folder) DO UPDATE SET read_s = ?2, decoded_s = ?2"""
_FILES = (AUDITS, f"{AUDITS}-wal", f"{AUDITS}-shm", f"{AUDITS}-journal")
_BUFFERED = 200


@dataclass(frozen=True, slots=True)
class Depth:
    """How closely an audit looks; what was decoded was read as well."""

    is_deep: bool

    @property
    def column(self) -> str:
        """Where the moment stands."""
        return "decoded_s" if self.is_deep else "read_s"


class AuditHistory:
    """When generations were found whole, for audits of one depth. Close it, or use `with`.

    `notice` is what a person should know of how it was opened, or None. Every method raises `ArchiveError`.
    """

    def __init__(self, database: Database, depth: Depth, *, notice: str | None) -> None:
        self._database = database
        self._depth = depth
        self._whole: dict[str, float] = {}
        self._query = f"SELECT {depth.column} FROM checked WHERE folder = ?"  # noqa: S608 - constants alone
        self.notice = notice

    @classmethod
    def open(cls, root: Path, *, is_deep: bool, is_kept: bool = True) -> Self:
        """Open the history of the archive at `root`, made where there is none, or a copy that is not kept."""
        depth = Depth(is_deep)
        try:
            if not is_kept:
                return cls(_copied(root), depth, notice=None)
            try:
                return cls(_opened(root), depth, notice=None)
            except DamagedDatabaseError:
                _remove(root)
                notice = f"{AUDITS} was damaged: every generation is due again"
                return cls(_opened(root), depth, notice=notice)
        except ArchiveError as error:
            notice = f"when which generation was found whole is not recorded: {error.message}"
            return cls(_in_memory(), depth, notice=notice)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def begin(self, now: datetime, *, anew: bool) -> datetime:
        """Begin an audit of everything; return when it began, which is earlier where one was broken off."""
        key = (int(self._depth.is_deep),)
        rows = self._database.rows("SELECT began_s FROM audit WHERE is_deep = ?", key)
        if rows and not anew:
            return datetime.fromtimestamp(rows[0][0], UTC)
        self._database.change("INSERT OR REPLACE INTO audit VALUES (?, ?)", (*key, now.timestamp()))
        return now

    def end(self, began: datetime) -> None:
        """Take note that the audit of everything is done; what it did not meet is forgotten."""
        self._flush()
        self._database.change("DELETE FROM audit WHERE is_deep = ?", (int(self._depth.is_deep),))
        self._database.change("DELETE FROM checked WHERE read_s < ?", (began.timestamp(),))

    def last_s(self, folder: str) -> float:
        """Return when a generation was last found whole, in seconds since 1970; 0 for never."""
        rows = self._database.rows(self._query, (folder,))
        return float(rows[0][0]) if rows else 0.0

    def count_since(self, moment: datetime) -> int:
        """Return how many were found whole since then."""
        statement = f"SELECT count(*) FROM checked WHERE {self._depth.column} >= ?"  # noqa: S608 - constants alone
        ((count,),) = self._database.rows(statement, (moment.timestamp(),))
        return int(count)

    def record(self, folder: str, now: datetime, *, is_whole: bool) -> None:
        """Take note of a look. One that found trouble is none: the next audit looks again."""
        if not is_whole:
            self._whole.pop(folder, None)
            self._database.change("DELETE FROM checked WHERE folder = ?", (folder,))
            return
        self._whole[folder] = now.timestamp()
        if len(self._whole) >= _BUFFERED:
            self._flush()

    def close(self) -> None:
        """Write what is left."""
        try:
            self._flush()
        finally:
            self._database.close()

    def _flush(self) -> None:
        rows: Iterable[tuple[str, float]] = self._whole.items()
        self._database.change_many(_DECODED if self._depth.is_deep else _READ, rows)
        self._whole.clear()


def _refuse_strange(root: Path) -> None:
    with Folder.open_root(root) as folder:
        for name in _FILES:
            found = folder.stat(name)
            # SQLite follows links: what is written must be written here.
            if found and not stat.S_ISREG(found.st_mode):
                msg = f"{name} is not a regular file: move it away"
                raise ArchiveError(msg)


def _opened(root: Path) -> Database:
    _refuse_strange(root)
    database = Database.open(root / AUDITS, AUDITS)
    try:
        database.change_all(_TABLES)
    except ArchiveError:
        database.close()
        raise
    return database


def _in_memory() -> Database:
    memory = Database.open_memory(AUDITS)
    memory.change_all(_TABLES)
    return memory


def _copied(root: Path) -> Database:
    memory = _in_memory()
    if (root / AUDITS).exists():
        _refuse_strange(root)
        with Database.open_reading(root / AUDITS, AUDITS) as standing:
            standing.copy_to(memory)
        # An older version may lack one.
        memory.change_all(_TABLES)
    return memory


def _remove(root: Path) -> None:
    with Folder.open_root(root) as folder, suppress(ArchiveError):
        for name in _FILES:
            folder.remove(name)
