"""How a run is told to end before its work is done: by a signal, or by whoever started it."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, TypeVar

from archiver.domain.errors import RunError, RunInterruptedError

T = TypeVar("T")

# SIGHUP: the terminal, or the SSH connection, went away.
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# Bytes are put away in a fraction of it. What may take longer is a thread in C code, such as a decoder's, or
# a disk that hangs; neither hears of a signal.
_LONGEST_END_S = 4.0


class Stop:
    """A wish that the run end soon, keeping what it has; `reason` is why, once there is one."""

    def __init__(self) -> None:
        self.reason: RunError | None = None
        self._requested = asyncio.Event()

    def request(self, reason: RunError) -> None:
        """Ask for the end. The first reason counts."""
        self.reason = self.reason or reason
        self._requested.set()

    async def wait(self) -> RunError:
        """Wait for the wish and return its reason."""
        await self._requested.wait()
        if self.reason is None:
            msg = "requested without a reason"
            raise RuntimeError(msg)
        return self.reason


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


@contextmanager
def stopping_on_signals(stop: Stop) -> Iterator[None]:
    """Let SIGINT, SIGTERM and SIGHUP request the stop while inside.

    From the first one on, the process lives some seconds more at most, and a second one ends it at once, even
    after this was left. What was ignored when the program began stays so: `nohup` means it. Works in the main
    thread of a running event loop.
    """
    loop = asyncio.get_running_loop()
    heard = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]

    def on_signal(number: int) -> None:
        if stop.reason is not None:
            _leave(number)
        stop.request(RunInterruptedError(number))
        deadline = threading.Timer(_LONGEST_END_S, _leave, (number,))
        deadline.daemon = True
        deadline.start()

    for number in heard:
        loop.add_signal_handler(number, on_signal, number)
    try:
        yield
    finally:
        for number in heard:
            loop.remove_signal_handler(number)
            if stop.reason is not None:
                signal.signal(number, _leave)


def _leave(number: int, _frame: FrameType | None = None) -> None:
    """End the process now: whatever is on disk is kept, and downloads resume, as after a SIGKILL."""
    os._exit(128 + number)
