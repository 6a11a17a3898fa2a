"""Rates and limits: whether they hold, and whether they are smooth."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.domain.errors import BrokenError
from archiver.domain.exchange import Answer, Request
from archiver.domain.identity import MediaUrl
from archiver.domain.transfer import Head
from archiver.transport.options import HttpEngine
from archiver.transport.throttle import Limited, Pace, Paced, Throttled
from tests.transport.carrying import carry, fetch
from tests.transport.servers import Call, serve

ANY = Request(url=MediaUrl.parse("http://media.example/clip.mp4"))


class Canned:
    """A transport whose answers are all the same, and which knows how many are open."""

    def __init__(self, pieces: list[bytes], *, breaks: bool = False) -> None:
        self.pieces = pieces
        self.breaks = breaks
        self.open_now = 0
        self.most_open = 0
        self.opened_at_s: list[float] = []

    @asynccontextmanager
    async def open(self, request: Request) -> AsyncIterator[Answer]:
        """Answer."""
        self.opened_at_s.append(time.monotonic())
        self.open_now += 1
        self.most_open = max(self.most_open, self.open_now)
        try:
            yield Answer(url=request.url, head=Head(status=200, headers={}), body=self._body())
        finally:
            self.open_now -= 1

    async def _body(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            await asyncio.sleep(0)
            yield piece
        if self.breaks:
            msg = "media.example: the connection broke"
            raise BrokenError(msg)


async def test_all_bodies_together_keep_to_the_rate(engine: HttpEngine) -> None:
    """Four at a quarter of the rate, not four at the rate."""
    rate, size, bodies = 1_000_000, 150_000, 4

    async def send(call: Call) -> None:
        await call.answer(b"x" * size)

    async with serve(send) as server, carry(engine) as transport:
        throttled = Throttled(transport, rate)
        began_s = time.monotonic()
        received = await asyncio.gather(*(fetch(throttled, server.url()) for _ in range(bodies)))
        took_s = time.monotonic() - began_s
    assert [len(body) for _, body in received] == [size] * bodies
    # What may pass at once, a quarter of a second's worth, is not waited for.
    assert took_s >= size * bodies / rate - 0.25 - 0.01
    assert took_s < size * bodies / rate * 1.5


async def test_a_large_piece_is_let_through_bit_by_bit() -> None:
    """An engine hands out 400 kB at once; at 100 kB/s that would be four seconds of nothing, then a jerk."""
    throttled = Throttled(Canned([bytes(range(256)) * 400]), bytes_per_second=400_000)
    async with throttled.open(ANY) as answer:
        pieces = [piece async for piece in answer.body]
    assert max(map(len, pieces)) <= 20_000
    assert b"".join(pieces) == bytes(range(256)) * 400


async def test_a_throttled_body_still_breaks() -> None:
    """A wrapper must not make an end of a break."""
    with pytest.raises(BrokenError):
        await fetch(Throttled(Canned([b"half"], breaks=True), bytes_per_second=1e9), ANY)


async def test_requests_begin_evenly_spaced() -> None:
    """`--api-rate`: a relay counts requests, and bans those who come in bursts."""
    canned = Canned([b"{}"])
    paced = Paced(canned, requests_per_second=20)
    await asyncio.gather(*(fetch(paced, ANY) for _ in range(6)))
    gaps_s = [b - a for a, b in zip(canned.opened_at_s, canned.opened_at_s[1:], strict=False)]
    assert sum(gaps_s) >= 5 / 20 - 0.01
    assert min(gaps_s) >= 1 / 20 - 0.02


async def test_a_place_is_held_until_the_body_is_closed() -> None:
    """A connection is in use until then, whatever the pool beneath thinks."""
    canned = Canned([b"x"] * 10)
    limited = Limited(canned, 3)
    await asyncio.gather(*(fetch(limited, ANY) for _ in range(12)))
    assert (canned.most_open, canned.open_now) == (3, 0)


async def test_a_failure_gives_its_place_back() -> None:
    """Otherwise three failures would be the end of the run."""
    canned = Canned([b"x"], breaks=True)
    limited = Limited(canned, 1)
    for _ in range(3):
        with pytest.raises(BrokenError):
            await fetch(limited, ANY)
    assert canned.open_now == 0


steps = st.lists(
    st.tuples(st.floats(min_value=0, max_value=5), st.floats(min_value=0, max_value=1000)), min_size=1
)


@given(rate=st.floats(min_value=1, max_value=1e6), burst_s=st.floats(min_value=0, max_value=1), steps=steps)
def test_in_any_span_no_more_passes_than_the_rate_and_the_burst(
    rate: float, burst_s: float, steps: list[tuple[float, float]]
) -> None:
    """The definition of the generic cell rate algorithm, seen from outside."""
    pace = Pace(rate, burst_s=burst_s)
    now_s = 0.0
    passed: list[tuple[float, float]] = []
    for pause_s, units in steps:
        now_s += pause_s
        now_s += pace.reserve(units, now_s)
        passed.append((now_s, units))
    for index, (start_s, _) in enumerate(passed):
        # The first unit's own time lies before the span.
        units_after = sum(units for _, units in passed[index + 1 :])
        assert units_after <= (passed[-1][0] - start_s + burst_s) * rate + 1e-3 * rate


@given(rate=st.floats(min_value=1, max_value=1e6), units=st.lists(st.floats(min_value=0, max_value=1000)))
def test_the_rate_is_used_up(rate: float, units: list[float]) -> None:
    """A throttle that is too strict wastes the line: waits add up to no more than the work takes."""
    pace = Pace(rate, burst_s=0.25)
    now_s = 0.0
    for some in units:
        now_s += pace.reserve(some, now_s)
    assert now_s <= sum(units) / rate + 1e-6
