"""Places: how many there are at once, who gets the next, and that none is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.runtime.places import Places


class Crowd:
    """Tasks that have a place until they are told to leave; `inside` are those, in the order of coming in."""

    def __init__(self, places: Places) -> None:
        self.inside: list[str] = []
        self._places = places
        self._tasks: dict[str, asyncio.Task[None]] = {}

    @property
    def names(self) -> list[str]:
        """All, inside or waiting."""
        return list(self._tasks)

    async def arrive(self, *names: str) -> None:
        """Let one for each name ask for a place; `a1` and `a2` are both of the name `a`."""
        for name in names:
            self._tasks[name] = asyncio.create_task(self._stay(name))
        await self.settle()

    async def leave(self, *names: str) -> None:
        """Cancel these, inside or waiting."""
        for name in names:
            self._tasks.pop(name).cancel()
        await self.settle()

    async def settle(self) -> None:
        """Let everything happen that can."""
        for _ in range(5):
            await asyncio.sleep(0)

    async def _stay(self, name: str) -> None:
        async with self._places.place(name[0]):
            self.inside.append(name)
            try:
                await asyncio.Event().wait()
            finally:
                self.inside.remove(name)


@asynccontextmanager
async def crowd_in(places: Places) -> AsyncIterator[Crowd]:
    """Give a crowd, and send everybody home in the end."""
    crowd = Crowd(places)
    try:
        yield crowd
    finally:
        await crowd.leave(*crowd.names)


async def test_first_come_first_served() -> None:
    """Whoever waits longest is next."""
    async with crowd_in(Places(2)) as crowd:
        await crowd.arrive("a1", "a2", "a3", "a4")
        assert crowd.inside == ["a1", "a2"]
        await crowd.leave("a1")
        assert crowd.inside == ["a2", "a3"]


async def test_more_places_let_more_in_at_once() -> None:
    """A raised limit need not wait for somebody to leave."""
    places = Places(1)
    async with crowd_in(places) as crowd:
        await crowd.arrive("a1", "a2", "a3")
        places.resize(3)
        await crowd.settle()
        assert crowd.inside == ["a1", "a2", "a3"]


async def test_fewer_places_throw_nobody_out() -> None:
    """A download under way is not cut for a lowered limit; the next waits longer."""
    places = Places(3)
    async with crowd_in(places) as crowd:
        await crowd.arrive("a1", "a2", "a3", "a4")
        places.resize(1)
        await crowd.leave("a1", "a2")
        assert crowd.inside == ["a3"]
        await crowd.leave("a3")
        assert crowd.inside == ["a4"]


async def test_a_name_with_a_limit_holds_back_no_other() -> None:
    """A host that pushes back is served slowly, and those behind it in the queue at full speed."""
    places = Places(3)
    places.restrict("a", 1)
    async with crowd_in(places) as crowd:
        await crowd.arrive("a1", "a2", "a3", "b1")
        assert crowd.inside == ["a1", "b1"]
        assert places.taken("a") == 1
        await crowd.leave("a1")
        assert crowd.inside == ["b1", "a2"]
        places.restrict("a", None)
        await crowd.settle()
        assert crowd.inside == ["b1", "a2", "a3"]


@pytest.mark.parametrize("leaving", [("a1", "a2"), ("a2", "a1")])
async def test_one_that_gives_up_waiting_leaves_no_gap(leaving: tuple[str, str]) -> None:
    """An interruption cancels those inside and those that wait, in any order, all in the same moment."""
    async with crowd_in(Places(1)) as crowd:
        await crowd.arrive("a1", "a2", "a3")
        await crowd.leave(*leaving)
        assert crowd.inside == ["a3"]


actions = st.lists(st.tuples(st.sampled_from(["arrive", "leave", "resize", "restrict"]), st.integers(0, 5)))


@given(actions)
def test_no_place_is_lost_or_given_twice(actions: Sequence[tuple[str, int]]) -> None:
    """Whoever comes, leaves, gives up, and whatever the limit becomes meanwhile."""
    asyncio.run(_play(actions))


async def _play(actions: Sequence[tuple[str, int]]) -> None:
    limit = 2
    places = Places(limit)
    async with crowd_in(places) as crowd:
        for step, (action, number) in enumerate(actions):
            before = len(crowd.inside)
            match action:
                case "arrive":
                    await crowd.arrive(*(f"{name}{step}" for name in "abc"[:number]))
                case "leave" if crowd.names:
                    await crowd.leave(*crowd.names[number % len(crowd.names) :][:2])
                case "resize":
                    limit = number
                    places.resize(limit)
                case "restrict":
                    places.restrict("a", number or None)
                case _:
                    pass
            await crowd.settle()
            assert len(crowd.inside) <= max(limit, before)
        places.restrict("a", None)
        await crowd.settle()
        assert len(crowd.inside) >= min(limit, len(crowd.names))
        places.resize(1000)
        await crowd.settle()
        assert sorted(crowd.inside) == sorted(crowd.names)
    assert all(places.taken(name) == 0 for name in "abc")
