"""SQLite's errors, in the archiver's words; its transactions, whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from archiver.domain.errors import ArchiveError, DiskFullError
from archiver.storage.database import DamagedDatabaseError, Database


def test_a_database_without_room_is_a_full_disk() -> None:
    """`max_page_count` has SQLite refuse as it does on a full disk; the batch is then undone as a whole."""
    with Database.open_memory("index.sqlite3") as database:
        database.change("CREATE TABLE ids (id TEXT)")
        database.change("INSERT INTO ids VALUES ('first')")
        database.rows("PRAGMA max_page_count = 4")
        with pytest.raises(DiskFullError, match=r"cannot write index\.sqlite3: no room left"):
            database.change_many("INSERT INTO ids VALUES (?)", [("x" * 1000,)] * 100)
        assert database.rows("SELECT id FROM ids") == [("first",)]
        database.change_many("INSERT INTO ids VALUES (?)", [("second",)])
        assert database.rows("SELECT id FROM ids") == [("first",), ("second",)]


def test_a_batch_is_written_whole_or_not_at_all() -> None:
    """Half a batch would be an index that says what no run did."""
    with Database.open_memory("index.sqlite3") as database:
        database.change("CREATE TABLE ids (id TEXT PRIMARY KEY)")
        with pytest.raises(ArchiveError, match="UNIQUE"):
            database.change_many("INSERT INTO ids VALUES (?)", [("a",), ("b",), ("a",)])
        assert database.rows("SELECT id FROM ids") == []


def test_a_file_that_is_no_database_is_damaged(tmp_path: Path) -> None:
    """It can be made again, so callers must be able to tell it from a disk that fails."""
    path = tmp_path / "index.sqlite3"
    path.write_bytes(b"rubbish " * 1000)
    for opening in (Database.open, Database.open_reading):
        with pytest.raises(DamagedDatabaseError, match=r"index\.sqlite3: it is damaged"):
            opening(path, "index.sqlite3")


def test_a_folder_that_is_not_there_is_an_error_with_its_name(tmp_path: Path) -> None:
    """Not a traceback of the sqlite3 module."""
    for opening in (Database.open, Database.open_reading):
        with pytest.raises(ArchiveError, match=r"cannot open index\.sqlite3"):
            opening(tmp_path / "gone/index.sqlite3", "index.sqlite3")


def test_a_reader_cannot_write(tmp_path: Path) -> None:
    """Whoever opened it for reading holds no lock on the archive."""
    path = tmp_path / "with space, ? and #.sqlite3"
    with Database.open(path, "index.sqlite3") as writer:
        writer.change("CREATE TABLE ids (id TEXT)")
    with (
        Database.open_reading(path, "index.sqlite3") as reader,
        pytest.raises(ArchiveError, match="readonly"),
    ):
        reader.change("INSERT INTO ids VALUES ('x')")
