"""Rows read in a thread of their own: a manifest may be a pipe into which nobody writes.

The rules:

1. Nobody waits for the thread. It is a daemon: the process can end while it hangs in read(2) on a silent
   standard input, or in opening a FIFO.
2. It reads only while rows are asked for. Two threads that both compute take turns of 5 ms
   (`sys.setswitchinterval`), and each look into SQLite, which ends the turn, would wait for one.
3. What goes wrong is told after the rows before it.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from contextlib import closing, suppress
from types import TracebackType
from typing import Self

from archiver.batch.manifest import Row

# Long enough that a hand-over costs nothing a row, short enough that the loop is never away for long.
CHUNK_ROWS = 512
# A row that comes alone, as from `tail -f`, is worked on this soon. A full chunk takes some 5 ms.
_LONGEST_WAIT_S = 0.05


class RowReader:
    """Rows in chunks, for a running event loop. Use `with`: leaving it lets the thread end, unawaited."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows = rows
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        self._turn = threading.Condition()
        self._ready: deque[Row] = deque()
        self._is_wanted = self._is_at_end = self._is_closed = False
        self._error: Exception | None = None

    def __enter__(self) -> Self:
        threading.Thread(target=self._read, name="manifest", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._turn:
            self._is_wanted, self._is_closed = False, True
            self._turn.notify()

    async def next_chunk(self) -> list[Row]:
        """Return the next rows, as many as come without much waiting; none at the end of them all.

        Raises what reading them raised, after the rows before.
        """
        with self._turn:
            self._is_wanted = True
            self._turn.notify()
        await self._until(lambda: bool(self._ready) or self._is_at_end)
        with suppress(TimeoutError):
            async with asyncio.timeout(_LONGEST_WAIT_S):
                await self._until(lambda: len(self._ready) >= CHUNK_ROWS or self._is_at_end)
        self._is_wanted = False
        # One that comes meanwhile stays for the next chunk: both ends of a deque may be used at once.
        chunk = [self._ready.popleft() for _ in range(len(self._ready))]
        if not chunk and self._error:
            raise self._error
        return chunk

    async def _until(self, is_so: Callable[[], bool]) -> None:
        # Cleared before the look: what changes after the look sets the event again.
        self._changed.clear()
        while not is_so():
            await self._changed.wait()
            self._changed.clear()

    def _read(self) -> None:
        try:
            # A manifest's rows are a generator that holds an open file: one left unread must be closed.
            with closing(self._each()) as rows:
                self._hand_over(rows)
        except Exception as error:  # noqa: BLE001 - it is raised again where the rows are asked for
            self._error = error
        with self._turn:
            self._is_at_end = True
            self._tell()

    def _each(self) -> Generator[Row, None, None]:
        yield from self._rows

    def _hand_over(self, rows: Iterable[Row]) -> None:
        with self._turn:
            if not self._await_demand():
                return
        for row in rows:
            self._ready.append(row)
            # A lock for each of a million rows would cost as much as reading them.
            if self._is_wanted and 1 < len(self._ready) < CHUNK_ROWS:
                continue
            with self._turn:
                self._tell()
                if not self._await_demand():
                    return

    def _await_demand(self) -> bool:
        """Wait, holding the turn, until a row is asked for; tell whether one ever will be."""
        while not self._is_closed and not (self._is_wanted and len(self._ready) < CHUNK_ROWS):
            self._turn.wait()
        return not self._is_closed

    def _tell(self) -> None:
        # Whoever left may have closed the loop, too.
        if not self._is_closed:
            self._loop.call_soon_threadsafe(self._changed.set)
