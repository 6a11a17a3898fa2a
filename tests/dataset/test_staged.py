"""A staged file: what its digest says is what lies on the disk, whatever was taken back on the way."""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
from array import array
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.dataset.blocks import BLOCK_BYTES
from archiver.dataset.staged import StagedFile
from archiver.domain.errors import ArchiveError, DiskFullError
from archiver.storage.folder import Folder

# Within a block, across its end, and to it.
SIZES = st.sampled_from([0, 1, 511, 512, 65_536, 700_000, BLOCK_BYTES - 1, BLOCK_BYTES])
STEPS = st.lists(SIZES | st.just("mark") | st.just("rewind"), max_size=12)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    """Return an empty folder, opened."""
    with Folder.open_root(tmp_path) as opened:
        yield opened


def filling(size: int, seed: int = 0) -> bytes:
    """Return bytes that do not repeat."""
    return hashlib.shake_128(b"%d" % seed).digest(size)


def sha256(data: bytes) -> str:
    """Return their digest."""
    return hashlib.sha256(data).hexdigest()


def append(staged: StagedFile, data: bytes, *, in_place: bool) -> None:
    """Append bytes, handed over or put where the file has room for them."""
    if not in_place:
        assert staged.write(data) == len(data)
        return
    while data:
        room = staged.room()[: len(data)]
        room[:], data = data[: len(room)], data[len(room) :]
        staged.take(len(room))


@given(STEPS)
@settings(max_examples=40)
def test_what_was_taken_back_was_never_written(steps: list[int | str]) -> None:
    """A damaged sample leaves no trace, in the bytes or in the digest of the shard."""
    kept, marked = b"", b""
    with tempfile.TemporaryDirectory() as path, Folder.open_root(Path(path)) as folder:
        with StagedFile.create(folder, "shard.tar") as staged:
            for number, step in enumerate(steps):
                match step:
                    case int(size):
                        append(staged, filling(size, number), in_place=bool(number % 2))
                        kept += filling(size, number)
                    case "mark":
                        staged.mark()
                        marked = kept
                    case _:
                        staged.rewind()
                        kept = marked
                assert staged.size == len(kept)
            digest = staged.finish()
        assert digest == sha256(kept)
        assert Path(path, "shard.tar").read_bytes() == kept


def test_it_can_be_taken_back_twice_to_one_mark(folder: Folder, tmp_path: Path) -> None:
    """Two samples in a row may be damaged."""
    with StagedFile.create(folder, "f") as staged:
        staged.write(b"kept")
        staged.mark()
        for number in range(2):
            staged.write(filling(100_000, number))
            staged.rewind()
        assert staged.finish() == sha256(b"kept")
    assert (tmp_path / "f").read_bytes() == b"kept"


def test_what_has_gone_to_the_disk_already_is_taken_back_too(folder: Folder, tmp_path: Path) -> None:
    """A clip of many megabytes is partly on the disk before its last byte turns out to be wrong."""
    with StagedFile.create(folder, "f") as staged:
        for number in range(20):
            staged.write(filling(1 << 20, number))
        staged.rewind()
        for number in range(10):
            staged.write(filling(1 << 20, number + 50))
        digest = staged.finish()
    expected = b"".join(filling(1 << 20, number + 50) for number in range(10))
    assert digest == sha256(expected)
    assert (tmp_path / "f").read_bytes() == expected


@pytest.mark.parametrize("data", [array("i", range(1000)), memoryview(b"abc").cast("b"), bytearray(b"xyz")])
def test_whatever_has_bytes_can_be_written(folder: Folder, data: array[int] | memoryview | bytearray) -> None:
    """Libraries of tables hand over buffers of their own kinds."""
    with StagedFile.create(folder, "f") as staged:
        staged.write(memoryview(data))
        assert staged.finish() == sha256(bytes(memoryview(data).cast("B")))


def test_a_file_that_was_only_opened_takes_no_memory_and_no_thread(folder: Folder) -> None:
    """A folder of a thousand small files is written as quickly as ever."""
    before = threading.active_count()
    with StagedFile.create(folder, "f") as staged:
        staged.mark()
        staged.write(b"short")
        staged.rewind()
        assert threading.active_count() == before
        assert staged.finish() == sha256(b"")


def test_bytes_are_the_callers_again_after_a_write(folder: Folder) -> None:
    """Whoever reads a clip reads the next part into the same buffer."""
    buffer, expected = bytearray(1 << 20), hashlib.sha256()
    with StagedFile.create(folder, "f") as staged:
        for number in range(8):
            buffer[:] = filling(1 << 20, number)
            expected.update(buffer)
            staged.write(memoryview(buffer))
            buffer[:] = b"\xff" * len(buffer)
        assert staged.finish() == expected.hexdigest()


@pytest.mark.parametrize("size", [100_000, 30 * BLOCK_BYTES])
def test_a_disk_without_room_is_said_to_be_full(size: int) -> None:
    """The run ends with what it has kept, and its threads with it: at the end of a file, or long before."""
    before = threading.active_count()
    with (
        pytest.raises(DiskFullError, match=r"cannot write data/shard\.tar: no room left"),
        StagedFile(os.open("/dev/full", os.O_WRONLY), "data/shard.tar") as staged,
    ):
        finish(staged, bytes(size))
    assert threading.active_count() == before


def test_a_full_disk_ends_a_file_long_before_its_last_byte() -> None:
    """Nobody waits for a gigabyte to be read that cannot be kept."""
    with StagedFile(os.open("/dev/full", os.O_WRONLY), "data/shard.tar") as staged:
        with pytest.raises(DiskFullError):
            staged.write(bytes(100 * BLOCK_BYTES))
        assert staged.size < 20 * BLOCK_BYTES


@pytest.mark.parametrize("planted", ["file", "link", "dangling link", "folder"])
def test_nothing_that_stands_in_its_place_is_written_to(folder: Folder, tmp_path: Path, planted: str) -> None:
    """A link out of DEST least of all."""
    (tmp_path / "elsewhere").write_bytes(b"mine")
    match planted:
        case "file":
            (tmp_path / "f").write_bytes(b"mine")
        case "link":
            (tmp_path / "f").symlink_to(tmp_path / "elsewhere")
        case "dangling link":
            (tmp_path / "f").symlink_to(tmp_path / "nothing")
        case _:
            (tmp_path / "f").mkdir()
    with pytest.raises(ArchiveError, match="move it away"):
        StagedFile.create(folder, "f")
    assert (tmp_path / "elsewhere").read_bytes() == b"mine"
    assert not (tmp_path / "nothing").exists()


def test_a_run_that_breaks_off_leaves_no_thread_and_no_open_file(folder: Folder) -> None:
    """A hundred shards in one process must not end at a limit."""
    before = threading.active_count(), open_files()
    with pytest.raises(KeyError), StagedFile.create(folder, "f") as staged:
        broken_off(staged)
    assert (threading.active_count(), open_files()) == before


def finish(staged: StagedFile, data: bytes) -> None:
    """Write all, and have it on the disk."""
    staged.write(data)
    staged.finish()


def broken_off(staged: StagedFile) -> None:
    """Write something, and fail."""
    staged.write(filling(100_000))
    raise KeyError


def open_files() -> int:
    """Return how many files this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))
