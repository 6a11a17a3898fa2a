"""Less than the line would give: so many bytes a second, requests a second, requests at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from archiver.domain.decoding import Piece
from archiver.domain.exchange import Answer, Request, Transport

# What may pass at once after a pause, as seconds of the rate: short enough to look even on a graph.
_BURST_S = 0.25
# Pieces are cut to this many seconds of the rate, so that a slow rate is slow all the time and not by jerks.
_PIECE_S = 0.05
_SMALLEST_PIECE_BYTES = 1024


class Pace:
    """Spaces out units of work evenly: the generic cell rate algorithm, a token bucket without a timer."""

    def __init__(self, units_per_second: float, *, burst_s: float) -> None:
        self._unit_s = 1.0 / units_per_second
        self._burst_s = burst_s
        self._due_s = 0.0

    def reserve(self, units: float, now_s: float) -> float:
        """Take a place in the row for so many units and return the seconds to wait for it."""
        self._due_s = max(self._due_s, now_s) + units * self._unit_s
        return max(0.0, self._due_s - self._burst_s - now_s)


class Throttled:
    """Lets all bodies together pass at most so many bytes a second."""

    def __init__(self, transport: Transport, bytes_per_second: float) -> None:
        self._transport = transport
        self._pace = Pace(bytes_per_second, burst_s=_BURST_S)
        self._piece_bytes = max(_SMALLEST_PIECE_BYTES, int(bytes_per_second * _PIECE_S))

    @asynccontextmanager
    async def open(self, request: Request) -> AsyncIterator[Answer]:
        """Open through the transport beneath. Raises what it raises."""
        async with self._transport.open(request) as answer:
            yield replace(answer, body=self._slow(answer.body))

    async def _slow(self, body: AsyncIterator[Piece]) -> AsyncIterator[Piece]:
        async for arrived in body:
            for start in range(0, len(arrived), self._piece_bytes):
                piece = arrived[start : start + self._piece_bytes]
                wait_s = self._pace.reserve(len(piece), time.monotonic())
                if wait_s > 0:
                    await asyncio.sleep(wait_s)
                yield piece


class Paced:
    """Lets at most so many requests a second begin, evenly spaced."""

    def __init__(self, transport: Transport, requests_per_second: float) -> None:
        self._transport = transport
        self._pace = Pace(requests_per_second, burst_s=1.0 / requests_per_second)

    @asynccontextmanager
    async def open(self, request: Request) -> AsyncIterator[Answer]:
        """Open through the transport beneath when it is this request's turn. Raises what it raises."""
        await asyncio.sleep(self._pace.reserve(1, time.monotonic()))
        async with self._transport.open(request) as answer:
            yield answer


class Limited:
    """Lets at most so many requests be open at once, each until its body is closed."""

    def __init__(self, transport: Transport, requests: int) -> None:
        self._transport = transport
        self._places = asyncio.Semaphore(requests)

    @asynccontextmanager
    async def open(self, request: Request) -> AsyncIterator[Answer]:
        """Open through the transport beneath when a place is free. Raises what it raises."""
        async with self._places, self._transport.open(request) as answer:
            yield answer
