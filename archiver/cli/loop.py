"""The event loop around a command's work, and the wish to end early that signals carry into it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from archiver.domain.errors import RunError
from archiver.runtime.descriptors import allow_open_files
from archiver.runtime.stopping import Deadline, Stop, stopping_on_signals

T = TypeVar("T")

# A run of one download at a time has some 45; with too few not even the loop begins.
_FEWEST_OPEN_FILES = 64


def run_until_stopped(work: Callable[[], Awaitable[T]], stop: Stop) -> T:
    """Run the work to its end; signals request `stop`, which the work watches.

    Raises `RunError` where this process may not have as many files open as any work takes.
    """
    limit = allow_open_files(_FEWEST_OPEN_FILES)
    if limit < _FEWEST_OPEN_FILES:
        msg = f"only {limit} files may be open at once: allow {_FEWEST_OPEN_FILES} at least (ulimit -n)"
        raise RunError(msg)

    async def supervised() -> T:
        with stopping_on_signals(stop, deadline):
            return await work()

    with Deadline() as deadline, asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(supervised())


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415 - not on every platform
    except ImportError:
        return None
    return uvloop.new_event_loop
