"""The event loop around a command's work, and the wish to end early that signals carry into it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from archiver.runtime.stopping import Stop, stopping_on_signals

T = TypeVar("T")


def run_until_stopped(work: Callable[[], Awaitable[T]], stop: Stop) -> T:
    """Run the work to its end; signals request `stop`, which the work watches."""

    async def supervised() -> T:
        with stopping_on_signals(stop):
            return await work()

    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(supervised())


async def unless_stopped(work: Coroutine[Any, Any, T], stop: Stop) -> T:
    """Return what the work returns; cancel it when the stop is requested. Raises the stop's reason then."""
    task, stopped = asyncio.create_task(work), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if stop.reason and not task.done():
            raise stop.reason
        return task.result()
    finally:
        task.cancel()
        stopped.cancel()
        await asyncio.gather(task, stopped, return_exceptions=True)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415 - not on every platform
    except ImportError:
        return None
    return uvloop.new_event_loop
