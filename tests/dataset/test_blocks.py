"""Blocks on their way to a file: whatever the file system can do, the same bytes and the same digest."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from archiver.dataset.blocks import BLOCK_BYTES, Block, BlockWriter
from archiver.domain.errors import DiskFullError

BLOCKS = 9


@pytest.fixture
def file(tmp_path: Path) -> Iterator[int]:
    """Return a new file, opened for writing."""
    descriptor = os.open(tmp_path / "f", os.O_WRONLY | os.O_CREAT)
    yield descriptor
    os.close(descriptor)


def filling(number: int) -> bytes:
    """Return a block's bytes."""
    return hashlib.shake_128(b"%d" % number).digest(BLOCK_BYTES)


@pytest.mark.parametrize("offset", [0, 1], ids=["as direct writes ask", "as direct writes refuse"])
def test_a_file_system_that_refuses_direct_writes_gets_others(tmp_path: Path, file: int, offset: int) -> None:
    """It says so with the first write, when the file is open already: an odd address is refused by all."""
    writer = BlockWriter(file, "f")
    try:
        for number in range(BLOCKS):
            block = Block(view=memoryview(bytearray(4096 + BLOCK_BYTES))[offset:][:BLOCK_BYTES])
            block.view[:] = filling(number)
            writer.hand_over(block, number * BLOCK_BYTES)
        writer.write_rest(memoryview(b"the rest"), BLOCKS * BLOCK_BYTES)
    finally:
        writer.close()
    expected = b"".join(map(filling, range(BLOCKS))) + b"the rest"
    assert (tmp_path / "f").read_bytes() == expected
    assert writer.digest.hexdigest() == hashlib.sha256(expected).hexdigest()


def test_memory_is_that_of_a_few_blocks(file: int) -> None:
    """A shard of many gigabytes passes through the same ones."""
    writer, seen = BlockWriter(file, "f"), set()
    block = Block()
    try:
        for number in range(40):
            seen.add(id(block.view))
            block = writer.hand_over(block, number * BLOCK_BYTES)
        writer.settle()
    finally:
        writer.close()
    assert 2 <= len(seen) <= 8


def test_a_block_that_comes_back_is_hashed_and_written(tmp_path: Path, file: int) -> None:
    """Whoever fills it next takes away what it was."""
    writer = BlockWriter(file, "f")
    block, expected = Block(), hashlib.sha256()
    try:
        for number in range(3 * BLOCKS):
            block.view[:] = filling(number)
            expected.update(block.view)
            block = writer.hand_over(block, number * BLOCK_BYTES)
            block.view[:] = b"\xff" * BLOCK_BYTES
        writer.settle()
    finally:
        writer.close()
    assert writer.digest.hexdigest() == expected.hexdigest()
    assert hashlib.sha256((tmp_path / "f").read_bytes()).hexdigest() == expected.hexdigest()


def test_what_failed_once_fails_from_then_on() -> None:
    """Nobody who goes on after an error gets a digest of bytes that are not there."""
    file = os.open("/dev/full", os.O_WRONLY)
    writer, block = BlockWriter(file, "data/shard.tar"), Block()
    try:
        writer.hand_over(block, 0)
        with pytest.raises(DiskFullError):
            writer.settle()
        for again in (writer.settle, lambda: writer.write_rest(memoryview(b"more"), BLOCK_BYTES)):
            with pytest.raises(DiskFullError, match=r"cannot write data/shard\.tar: no room left"):
                again()
        with pytest.raises(DiskFullError):
            writer.hand_over(block, BLOCK_BYTES)
    finally:
        writer.close()
        os.close(file)


def test_nothing_is_written_once_it_is_closed(tmp_path: Path, file: int) -> None:
    """A thread that a signal made nobody wait for must not write to whatever file has the number next."""
    writer = BlockWriter(file, "f")
    writer.close()
    writer.write_rest(memoryview(b"too late"), 0)
    assert (tmp_path / "f").read_bytes() == b""
