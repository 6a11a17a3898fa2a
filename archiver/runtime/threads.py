"""Work in a thread that a cancellation does not leave behind.

A run that is cancelled must not give the archive's lock back while a thread still writes there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import ParamSpec, Protocol, TypeVar


class Closable(Protocol):
    """Whatever holds something of the system's until it is closed."""

    def close(self) -> None:
        """Give it back."""


P = ParamSpec("P")
T = TypeVar("T")
C = TypeVar("C", bound=Closable)


async def run_in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return what `work` returns in a thread; the thread has ended when this returns or raises."""
    return await see_through(_begin(work, *args, **kwargs))


async def open_in_thread(work: Callable[P, C], *args: P.args, **kwargs: P.kwargs) -> C:
    """Return what `work` opens in a thread; it is closed where a cancellation leaves nobody to close it."""
    task = _begin(work, *args, **kwargs)
    try:
        return await see_through(task)
    except asyncio.CancelledError:
        if not task.cancelled() and task.exception() is None:
            task.result().close()
        raise


async def see_through(work: Awaitable[T]) -> T:
    """Await `work` to its end even where the waiter is cancelled meanwhile; then the cancellation goes on.

    A thread cannot be stopped: a file closed, or cut, under one that still writes would not be what it seems.
    """
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError as error:
        if task.cancelled():
            raise
        interruption = error
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            interruption = error
    raise interruption from (None if task.cancelled() else task.exception())


def _begin(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> asyncio.Future[T]:
    # Not `asyncio.to_thread`: a copy of the context and a task more, for what is done ten thousand times.
    return asyncio.get_running_loop().run_in_executor(None, partial(work, *args, **kwargs))
