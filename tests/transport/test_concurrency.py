"""What is measured of downloads, and what follows for those that wait."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import pytest

from archiver.domain.concurrency import FEWEST_PIECES, Bounds, Window
from archiver.domain.errors import BrokenError, ConnectError, TransferError
from archiver.domain.events import ConcurrencyChanged, Event
from archiver.domain.exchange import Answer, Request
from archiver.domain.identity import MediaUrl
from archiver.domain.transfer import Head
from archiver.transport.concurrency import Adapting
from archiver.transport.meter import Meter
from tests.cli.samples import HandClock

ANY = Request(url=MediaUrl.parse("http://media.example/clip.mp4"))
AHEAD = 8


@dataclass(slots=True)
class Line:
    """A transport that opens all it is asked for, unless it is to fail; each body is a second of pieces."""

    clock: HandClock
    failure: TransferError | None = None
    status: int = 200
    pieces: Sequence[bytes] = field(default_factory=lambda: [b"x" * 1000] * FEWEST_PIECES)

    @asynccontextmanager
    async def open(self, request: Request) -> AsyncIterator[Answer]:
        """Answer, or fail."""
        if self.failure:
            raise self.failure
        yield Answer(url=request.url, head=Head(status=self.status, headers={}), body=self._body())

    async def _body(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            self.clock.seconds += 1 / len(self.pieces)
            yield piece


@dataclass(slots=True)
class Trial:
    """An adapting transport over a line, what it tells, and the requests that are open."""

    clock: HandClock = field(default_factory=HandClock)
    told: list[Event] = field(default_factory=list)
    line: Line = field(init=False)
    adapting: Adapting = field(init=False)
    answers: list[Answer] = field(default_factory=list)
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    def __post_init__(self) -> None:
        self.line = Line(self.clock)
        self.adapting = Adapting(self.line, Bounds(), clock=self.clock, observer=self.told.append)

    async def open(self, count: int) -> None:
        """Open so many requests, and leave them open."""
        self.clock.seconds += 0.1
        for _ in range(count):
            self.answers.append(await self.stack.enter_async_context(self.adapting.open(ANY)))

    async def fail(self, error: TransferError) -> None:
        """Open one that fails."""
        self.clock.seconds += 0.1
        self.line.failure = error
        with pytest.raises(type(error)):
            await self.open(1)
        self.line.failure = None


@pytest.fixture
async def trial() -> AsyncIterator[Trial]:
    """Return a trial; in the end its requests are closed."""
    trial = Trial()
    async with trial.stack:
        yield trial


async def test_a_full_line_is_given_more_and_so_are_those_who_ask(trial: Trial) -> None:
    """Sixteen in flight, and bytes for all: the next sixteen may come, and as many more generations."""
    await trial.open(16)
    async for _ in trial.answers[0].body:
        pass
    assert trial.told == [ConcurrencyChanged(32, None)]
    await asyncio.wait_for(trial.open(16), 1)
    for _ in range(32 + AHEAD):
        await asyncio.wait_for(trial.adapting.generations.take(), 1)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(trial.adapting.generations.take(), 0.01)


async def test_a_line_that_is_not_full_is_left_as_it_is(trial: Trial) -> None:
    """Ten of sixteen in flight: more places would stay empty."""
    await trial.open(10)
    async for _ in trial.answers[0].body:
        pass
    assert trial.told == []


async def test_a_connection_that_is_refused_beside_others_lowers_the_hosts_limit(trial: Trial) -> None:
    """Ten are served and the next cannot even connect: the host has enough of them."""
    await trial.open(10)
    await trial.fail(ConnectError("media.example: no connection"))
    assert trial.told == [ConcurrencyChanged(8, "media.example")]


async def test_a_host_that_is_gone_gets_no_limit(trial: Trial) -> None:
    """It serves nobody: one at a time, or all, it makes no difference to it."""
    for _ in range(20):
        await trial.fail(ConnectError("media.example: no connection"))
    assert trial.told == []


async def test_refusals_alone_are_no_service(trial: Trial) -> None:
    """Answers of 503 that are being read are not clips that are being served."""
    trial.line.status = 503
    await trial.open(10)
    assert trial.told == []


async def test_a_crowd_that_breaks_off_is_made_smaller(trial: Trial) -> None:
    """Eight in flight: the third break within a moment is not chance."""
    await trial.open(8)
    for _ in range(3):
        await trial.fail(BrokenError("media.example: the connection broke"))
    assert trial.told == [ConcurrencyChanged(6, "media.example")]


async def test_a_reader_that_gives_a_body_up_tells_nothing_of_the_host(trial: Trial) -> None:
    """What came was another file, or in a coding that nobody asked for: the connection was good."""
    await trial.open(10)
    for _ in range(16):
        with pytest.raises(BrokenError):
            async with trial.adapting.open(ANY):
                raise BrokenError("media.example: the file changed")  # noqa: EM101, TRY003 - a test's
    assert trial.told == []


def test_a_window_tells_how_many_were_in_flight_on_average() -> None:
    """Two for the first half, four for the second."""
    meter = Meter(100.0)
    for _ in range(2):
        meter.opened(100.0)
    assert [meter.received(10, 101.0) for _ in range(FEWEST_PIECES - 1)] == [None] * (FEWEST_PIECES - 1)
    for _ in range(2):
        meter.opened(101.0)
    assert meter.received(10, 102.0) == Window(received=10 * FEWEST_PIECES, seconds=2.0, in_flight=3.0)


def test_a_window_begins_where_the_last_one_ended() -> None:
    """Neither bytes nor time of it are counted again."""
    meter = Meter(0.0)
    for _ in range(FEWEST_PIECES - 1):
        meter.received(10, 1.0)
    assert meter.received(10, 1.0)
    for _ in range(FEWEST_PIECES - 1):
        meter.received(1, 2.0)
    meter.opened(2.0)
    assert meter.received(1, 3.0) == Window(received=FEWEST_PIECES, seconds=2.0, in_flight=0.5)


def test_a_window_does_not_begin_before_bytes_come() -> None:
    """While the first requests wait for their connections nothing can be said of any limit."""
    meter = Meter(0.0)
    for moment in (5.0, 6.0):
        meter.opened(moment)
    assert [meter.received(1, 6.1) for _ in range(FEWEST_PIECES)] == [None] * FEWEST_PIECES
    assert meter.received(1, 7.0) == Window(received=FEWEST_PIECES + 1, seconds=1.0, in_flight=2.0)


def test_windows_are_longer_where_heads_are_late() -> None:
    """What was let in last has not brought a byte before its head has come."""
    meter = Meter(0.0)
    meter.head_took(1.0)
    assert [meter.received(10, 0.9) for _ in range(FEWEST_PIECES)] == [None] * FEWEST_PIECES
    assert meter.received(10, 1.0)
