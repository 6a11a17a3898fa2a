"""A run: many generations at once, each seen through to its end, under a budget, until told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from archiver.batch.budget import Spending
from archiver.batch.intake import Admitted
from archiver.domain.errors import UsageError
from archiver.domain.events import (
    GenerationFinished,
    GenerationPlanned,
    GenerationWaiting,
    RowRejected,
)
from archiver.domain.outcome import GenerationResult, Outcome, RunReport, Tally
from archiver.domain.timing import PollPolicy
from archiver.pipeline.item import Item
from archiver.runtime.clock import Clock
from archiver.runtime.places import Places
from archiver.runtime.stopping import Stop, end_of

# Generations that wait for the service hold no place, only memory: this many wait at most.
_ROOM = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerOptions:
    """How long unfinished generations are waited for (seconds)."""

    wait_s: float
    poll: PollPolicy


class Archiving(Protocol):
    """What is done for each generation: archive it, or plan it."""

    async def archive(self, item: Item) -> GenerationResult | GenerationPlanned:
        """Do it, once. Raises `RunError` alone."""


class Runner:
    """Works through what the intake admits, as many generations at once as there are places."""

    def __init__(
        self,
        archiver: Archiving,
        options: RunnerOptions,
        *,
        places: Places,
        spending: Spending,
        clock: Clock,
    ) -> None:
        self._archiver = archiver
        self._options = options
        self._places = places
        self._spending = spending
        self._clock = clock
        self._room = asyncio.Semaphore(_ROOM)
        self._tally = Tally()

    async def run(self, admitted: AsyncIterator[list[Admitted]], stop: Stop) -> RunReport:
        """Return what became of everything; what ended the run early is in the report, never raised."""
        error = await end_of(self._work(admitted), stop)
        # What a generation had come to when it was broken off is in no result.
        self._tally.bytes_fetched = max(self._tally.bytes_fetched, self._spending.bytes_fetched)
        return RunReport(tally=self._tally, seconds=round(self._spending.seconds, 3), error=error)

    async def _work(self, admitted: AsyncIterator[list[Admitted]]) -> None:
        unreadable: UsageError | None = None
        async with asyncio.TaskGroup() as tasks:
            try:
                async for chunk in admitted:
                    if not await self._begin_all(chunk, tasks):
                        return
            except UsageError as error:
                # Further rows cannot be read: the run fails for it, after the work that was asked for before.
                unreadable = error
        if unreadable:
            raise unreadable

    async def _begin_all(self, chunk: list[Admitted], tasks: asyncio.TaskGroup) -> bool:
        """Begin or count each; tell whether more may be begun."""
        for entry in chunk:
            if isinstance(entry, Item):
                await self._room.acquire()
                if self._tally.left_over:
                    self._leave(entry)
                    return False
                tasks.create_task(self._see_through(entry))
            else:
                self._note(entry)
        return True

    def _leave(self, item: Item) -> None:
        self._tally.first_left = self._tally.first_left or item.id

    def _may_begin(self) -> bool:
        """Tell whether the budget allows new work. Raises `DiskFullError`."""
        self._tally.left_over = self._tally.left_over or self._spending.used_up()
        if trouble := self._spending.disk_trouble():
            raise trouble
        return self._tally.left_over is None

    def _note(self, entry: RowRejected | GenerationResult | GenerationPlanned) -> None:
        match entry:
            case RowRejected():
                self._tally.bad_rows += 1
                self._spending(entry)
            case GenerationPlanned():
                self._tally.planned += 1
                self._spending(entry)
            case GenerationResult():
                self._tally.add(entry)
                self._spending(GenerationFinished(entry))

    async def _see_through(self, item: Item) -> None:
        result = await self._result(item)
        if result:
            self._note(result)
        self._room.release()

    async def _result(self, item: Item) -> GenerationResult | GenerationPlanned | None:
        """Archive a generation, asking again while it is unfinished and there is time to wait.

        Return None where it was not begun: while it waited for a place the budget was used up.
        """
        began_s: float | None = None
        polls = 0
        while True:
            async with self._places.place():
                if polls == 0 and not self._may_begin():
                    self._leave(item)
                    return None
                # What it waited for a place is no waiting for the service.
                began_s = self._clock.monotonic_s() if began_s is None else began_s
                result = await self._archiver.archive(item)
            if isinstance(result, GenerationPlanned) or result.outcome is not Outcome.PENDING:
                return result
            left_s = self._options.wait_s - (self._clock.monotonic_s() - began_s)
            if left_s <= 0 or self._spending.used_up():
                return result
            polls += 1
            pause_s = min(left_s, self._options.poll.interval_s(polls, self._clock.jitter()))
            self._spending(GenerationWaiting(item.id, result.state, pause_s))
            await self._clock.sleep(pause_s)
