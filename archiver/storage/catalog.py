"""The index's file: whether it can be used, and its rows."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from archiver.domain.errors import ArchiveError
from archiver.domain.naming import INDEX
from archiver.storage.database import VALUES_AT_ONCE, DamagedDatabaseError, Database
from archiver.storage.entries import BRIEF_COLUMNS, COLUMNS, Brief, IndexEntry
from archiver.storage.folder import Folder
from archiver.storage.versions import BY_STANDING, CATALOG_VERSION, convert, is_convertible, version_of

_TABLES = (
    """CREATE TABLE generations (
        id TEXT PRIMARY KEY, folder TEXT NOT NULL UNIQUE, state TEXT NOT NULL, verification TEXT NOT NULL,
        created_at TEXT, archived_at TEXT NOT NULL, prompt TEXT, aspect_ratio TEXT,
        failure_reason TEXT, row_digest INTEGER, bytes INTEGER NOT NULL,
        assets TEXT NOT NULL, offered TEXT NOT NULL,
        folder_mtime_ns INTEGER NOT NULL, sidecar_size INTEGER NOT NULL)""",
    BY_STANDING,
    "CREATE TABLE mark (is_clean INTEGER NOT NULL)",
    "INSERT INTO mark VALUES (0)",
    # The last: a file without it is one whose making was cut short.
    f"PRAGMA user_version = {CATALOG_VERSION}",
)
_SELECT = f"SELECT {', '.join(COLUMNS)} FROM generations"  # noqa: S608 - constants alone
_SELECT_BRIEF = f"SELECT {', '.join(BRIEF_COLUMNS)} FROM generations"  # noqa: S608 - constants alone
_PAGE = "WHERE folder > ? ORDER BY folder LIMIT 1000"
_SELECT_PAGE = f"{_SELECT} {_PAGE}"
_SELECT_IDS = (
    "SELECT id FROM generations WHERE state = ? AND verification = ? AND id > ? ORDER BY id LIMIT 1000"
)
_SELECT_FOLDERS = f"SELECT folder, folder_mtime_ns FROM generations {_PAGE}"  # noqa: S608 - constants alone
# Of one generation in two folders the later record counts; in its own folder a new record always does.
_UPSERT = f"""
    INSERT INTO generations ({", ".join(COLUMNS)}) VALUES ({", ".join("?" * len(COLUMNS))})
    ON CONFLICT (id) DO UPDATE SET {", ".join(f"{column} = excluded.{column}" for column in COLUMNS)}
    WHERE excluded.folder = folder OR excluded.archived_at >= archived_at
"""  # noqa: S608 - constants alone
# SQLite's own files beside a database (sqlite.org/tempfiles.html).
_FILES = (INDEX, f"{INDEX}-wal", f"{INDEX}-shm", f"{INDEX}-journal")


class Trouble(Enum):
    """Why the index's file cannot be used."""

    MISSING = "missing"
    DAMAGED = "damaged"
    OTHER_VERSION = "of another version"


class UnusableIndexError(ArchiveError):
    """The index's file cannot be used; it can be made anew."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(f"{INDEX} is {trouble.value}: run `luma-archiver reindex`")
        self.trouble = trouble


class Catalog:
    """An open index file of this version. Every method raises `ArchiveError`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    def open(cls, root: Path) -> Self:
        """Open it for writing; one of an earlier version is converted. Raises `UnusableIndexError`."""
        return cls._open(root, Database.open, _converted)

    @classmethod
    def open_reading(cls, root: Path) -> Self:
        """Open it for reading alone; of one of an earlier version, a converted copy.

        Raises `UnusableIndexError`.
        """
        return cls._open(root, Database.open_reading, _converted_copy)

    @classmethod
    def create(cls, root: Path) -> Self:
        """Make an empty one, marked as unclean, in the place of whatever is there."""
        with Folder.open_root(root) as folder:
            for name in _FILES:
                folder.remove(name)
        return cls._made(Database.open(root / INDEX, INDEX))

    @classmethod
    def create_in_memory(cls) -> Self:
        """Make an empty one that is gone when it is closed."""
        return cls._made(Database.open_memory(INDEX))

    @classmethod
    def _open(
        cls, root: Path, opened: Callable[[Path, str], Database], converted: Callable[[Database], Database]
    ) -> Self:
        _refuse_strange_files(root)
        if not (root / INDEX).exists():
            raise UnusableIndexError(Trouble.MISSING)
        try:
            database = opened(root / INDEX, INDEX)
        except DamagedDatabaseError as error:
            raise UnusableIndexError(Trouble.DAMAGED) from error
        try:
            return cls(_checked(converted(database)))
        except ArchiveError as error:
            database.close()
            if isinstance(error, DamagedDatabaseError):
                raise UnusableIndexError(Trouble.DAMAGED) from error
            raise

    @classmethod
    def _made(cls, database: Database) -> Self:
        for statement in _TABLES:
            database.change(statement)
        return cls(database)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def is_clean(self) -> bool:
        """True where whoever wrote it last came to the end."""
        return self._database.rows("SELECT is_clean FROM mark") == [(1,)]

    def mark_unclean(self) -> None:
        """Say that rows may be missing from now on; this outlives a power cut."""
        self._database.change_durably("UPDATE mark SET is_clean = 0")

    def mark_clean(self) -> None:
        """Say that all rows are here."""
        self._database.change("UPDATE mark SET is_clean = 1")

    def copied_to_memory(self) -> Catalog:
        """Return a copy that can be written."""
        copy = Database.open_memory(INDEX)
        self._database.copy_to(copy)
        return Catalog(copy)

    def get(self, generation_id: str) -> IndexEntry | None:
        """Return one generation's entry."""
        rows = self._database.rows(f"{_SELECT} WHERE id = ?", (generation_id,))
        return IndexEntry.from_row(rows[0]) if rows else None

    def briefs(self, ids: Sequence[str]) -> Iterator[Brief]:
        """Give in brief the entries of those ids that are here, in no particular order."""
        for start in range(0, len(ids), VALUES_AT_ONCE):
            page = ids[start : start + VALUES_AT_ONCE]
            marks = ", ".join("?" * len(page))
            rows = self._database.rows(f"{_SELECT_BRIEF} WHERE id IN ({marks})", page)
            yield from map(Brief.from_row, rows)

    def entries(self) -> Iterator[IndexEntry]:
        """Give all entries in the order of their folders, holding a page of them at a time."""
        for row in self._paged(_SELECT_PAGE, folder_column=1):
            yield IndexEntry.from_row(row)

    def folders(self) -> Iterator[tuple[str, int]]:
        """Give each entry's folder and when that changed (ns), in the order of the folders."""
        yield from self._paged(_SELECT_FOLDERS, folder_column=0)

    def ids(self, state: str, verification: str) -> Iterator[str]:
        """Give the ids of all that stand so, in their order, without a look at the others."""
        after = ""
        while rows := self._database.rows(_SELECT_IDS, (state, verification, after)):
            yield from (generation_id for (generation_id,) in rows)
            after = rows[-1][0]

    def totals(self) -> tuple[int, int]:
        """Return how many generations there are, and the bytes of all their files."""
        ((count, size),) = self._database.rows("SELECT count(*), coalesce(sum(bytes), 0) FROM generations")
        return count, size

    def record(self, entries: Iterable[IndexEntry]) -> None:
        """Write entries, all or none of them."""
        self._database.change_many(_UPSERT, [entry.to_row() for entry in entries])

    def forget(self, folders: Iterable[str]) -> None:
        """Remove the entries of these folders, all or none of them."""
        rows = [(folder,) for folder in folders]
        self._database.change_many("DELETE FROM generations WHERE folder = ?", rows)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _paged(self, statement: str, *, folder_column: int) -> Iterator[tuple[Any, ...]]:
        # By pages, not by an open cursor: rows are written, by other threads too, while these are read.
        after = ""
        while rows := self._database.rows(statement, (after,)):
            yield from rows
            after = rows[-1][folder_column]


def _converted(database: Database) -> Database:
    if is_convertible(database):
        convert(database)
    return database


def _converted_copy(database: Database) -> Database:
    if not is_convertible(database):
        return database
    copy = Database.open_memory(INDEX)
    database.copy_to(copy)
    database.close()
    convert(copy)
    return copy


def _checked(database: Database) -> Database:
    """Return the database if it can be used. Raises `UnusableIndexError`, `DamagedDatabaseError`."""
    if version_of(database) != CATALOG_VERSION:
        raise UnusableIndexError(Trouble.OTHER_VERSION)
    # A clean one, too: disks rot. It takes some 80 ms for a hundred thousand generations.
    if database.rows("PRAGMA quick_check(1)") != [("ok",)]:
        raise UnusableIndexError(Trouble.DAMAGED)
    return database


def _refuse_strange_files(root: Path) -> None:
    """SQLite follows links: what is written must be written here. Raises `ArchiveError`."""
    with Folder.open_root(root) as folder:
        for name in _FILES:
            found = folder.stat(name)
            if found and not stat.S_ISREG(found.st_mode):
                msg = f"{name} is not a regular file: move it away, the index is made again"
                raise ArchiveError(msg)
