"""Rows in chunks: at once when they are slow, full when they are not, and never waited for in vain."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from archiver.batch.manifest import ManifestRow, Row, read_manifest
from archiver.batch.reading import CHUNK_ROWS, RowReader
from archiver.domain.errors import UsageError
from archiver.domain.identity import GenerationId


def _row(number: int) -> ManifestRow:
    return ManifestRow(id=GenerationId(f"g-{number}"), row={}, file="ids.txt", line=number + 1)


async def _chunks(reader: RowReader) -> list[list[Row]]:
    chunks = []
    while chunk := await reader.next_chunk():
        chunks.append(chunk)
    return chunks


@pytest.mark.parametrize("count", [0, 1, CHUNK_ROWS - 1, CHUNK_ROWS, CHUNK_ROWS + 1, 5 * CHUNK_ROWS + 7])
async def test_every_row_comes_once_and_in_its_order(count: int) -> None:
    """Whatever the number of rows is to the size of a chunk."""
    rows = [_row(number) for number in range(count)]
    with RowReader(rows) as reader:
        chunks = await _chunks(reader)
    assert [row for chunk in chunks for row in chunk] == rows


async def test_a_chunk_holds_no_more_rows_than_it_may() -> None:
    """A million rows are never in memory at once, whoever is slower; one row may be on its way."""
    with RowReader(map(_row, range(10_000))) as reader:
        chunks = await _chunks(reader)
    assert max(map(len, chunks)) <= CHUNK_ROWS + 1


async def test_a_row_does_not_wait_for_the_next_one() -> None:
    """`tail -f ids.txt | luma-archiver batch -` works on each id when it comes."""
    reading, writing = os.pipe()
    with RowReader(read_manifest(f"/dev/fd/{reading}")) as reader:
        for number in range(3):
            os.write(writing, b"g-%d\n" % number)
            (row,) = await asyncio.wait_for(reader.next_chunk(), 10)
            assert isinstance(row, ManifestRow)
            assert row.id == f"g-{number}"
        os.close(writing)
        assert await reader.next_chunk() == []
    os.close(reading)


async def test_an_error_comes_after_the_rows_before_it() -> None:
    """A second manifest that cannot be read does not cost the rows of the first."""

    def rows() -> Iterator[Row]:
        yield _row(0)
        yield _row(1)
        msg = "unreadable"
        raise UsageError(msg)

    with RowReader(rows()) as reader:
        assert await reader.next_chunk() == [_row(0), _row(1)]
        with pytest.raises(UsageError, match="unreadable"):
            await reader.next_chunk()


async def test_rows_that_are_left_unread_are_closed() -> None:
    """A budget is used up in the middle of a manifest: its file is not kept open until the process ends."""
    closed = threading.Event()

    def rows() -> Iterator[Row]:
        try:
            yield from map(_row, range(10 * CHUNK_ROWS))
        finally:
            closed.set()

    with RowReader(rows()) as reader:
        await reader.next_chunk()
    assert await asyncio.to_thread(closed.wait, 10)


async def test_nobody_waits_for_a_read_that_does_not_return(tmp_path: Path) -> None:
    """A FIFO without a writer: the reader is left, and its thread goes when somebody opens the other end."""
    fifo = tmp_path / "ids"
    os.mkfifo(fifo)
    before = set(threading.enumerate())
    with RowReader(read_manifest(str(fifo))) as reader:
        waiting = asyncio.create_task(reader.next_chunk())
        await asyncio.wait([waiting], timeout=0.05)
        waiting.cancel()
    (thread,) = set(threading.enumerate()) - before
    assert thread.daemon
    os.close(os.open(fifo, os.O_WRONLY))
    await asyncio.to_thread(thread.join, 10)
    assert not thread.is_alive()
