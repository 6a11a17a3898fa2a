"""Places: a semaphore whose number may change while it is in use, and that can be less for some."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Places:
    """So many at once, first come, first served. Those of one name may have a limit of their own.

    A limit that is lowered takes no place away: places are given out again when fewer are taken.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._limits: dict[str, int] = {}
        self._total = 0
        self._taken: Counter[str] = Counter()
        self._queue: dict[asyncio.Future[None], str] = {}

    def resize(self, limit: int) -> None:
        """Have so many places from now on."""
        self._limit = limit
        self._let_in()

    def restrict(self, name: str, limit: int | None) -> None:
        """Let no more than `limit` of this name have a place; None lifts that."""
        if limit is None:
            self._limits.pop(name, None)
        else:
            self._limits[name] = limit
        self._let_in()

    def taken(self, name: str) -> int:
        """Return how many places this name has."""
        return self._taken[name]

    @asynccontextmanager
    async def place(self, name: str = "") -> AsyncIterator[None]:
        """Wait for a place, and have it."""
        await self.take(name)
        try:
            yield
        finally:
            self.give_back(name)

    async def take(self, name: str = "") -> None:
        """Wait for a place; whoever waited longer, and may have it, goes first."""
        # Nobody who may have a place is ever left waiting: a free one is this one's.
        if self._has_room(name):
            self._enter(name)
            return
        turn = asyncio.get_running_loop().create_future()
        self._queue[turn] = name
        try:
            await turn
        except asyncio.CancelledError:
            if self._queue.pop(turn, None) is None:
                self.give_back(name)
            raise

    def give_back(self, name: str = "") -> None:
        """Give a place back."""
        self._total -= 1
        self._taken[name] -= 1
        if not self._taken[name]:
            del self._taken[name]
        self._let_in()

    def _has_room(self, name: str) -> bool:
        own = self._limits.get(name)
        return self._total < self._limit and (own is None or self._taken[name] < own)

    def _enter(self, name: str) -> None:
        self._total += 1
        self._taken[name] += 1

    def _let_in(self) -> None:
        while self._total < self._limit:
            turn = next((turn for turn, name in self._queue.items() if self._has_room(name)), None)
            if turn is None:
                return
            self._enter(self._queue.pop(turn))
            # One that is cancelled meanwhile finds itself out of the queue, and gives the place back.
            if not turn.done():
                turn.set_result(None)
