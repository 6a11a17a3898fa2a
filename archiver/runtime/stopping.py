"""How a run is told to end before its work is done: by a signal, or by whoever started it."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Self, TypeVar

from archiver.domain.errors import RunError, RunInterruptedError
from archiver.runtime.threads import see_through

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


async def end_of(work: Coroutine[Any, Any, None], stop: Stop) -> RunError | None:
    """Do the work until it ends or is to stop; return what ended it early, or None.

    It has put everything away by then, also where whoever awaits this is cancelled.
    """
    task, stopped = asyncio.create_task(work), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
    except asyncio.CancelledError:
        # Whoever called holds the archive as long as something is done in it.
        task.cancel()
        await see_through(asyncio.wait({task}))
        raise
    finally:
        stopped.cancel()
    is_cut_short = task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        if not is_cut_short:
            raise
    except RunError as error:
        return stop.reason if is_cut_short else error
    except BaseExceptionGroup as group:
        found = _first_run_error(group)
        if found is None:
            raise
        return stop.reason if is_cut_short else found
    return stop.reason if is_cut_short else None


def _first_run_error(group: BaseExceptionGroup) -> RunError | None:
    """Return the first error of a group, which may hold groups."""
    for error in group.exceptions:
        found = _first_run_error(error) if isinstance(error, BaseExceptionGroup) else error
        if isinstance(found, RunError):
            return found
    return None


class Deadline:
    """The latest end of a process that was told to stop: use `with`, around its event loop.

    A loop that ends waits for its threads, and a thread may be long in hearing of it.
    """

    def __init__(self) -> None:
        self._timer: threading.Timer | None = None
        self._before = {number: signal.getsignal(number) for number in _SIGNALS}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timer:
            self._timer.cancel()
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @property
    def heard(self) -> list[signal.Signals]:
        """The signals that were not ignored before: `nohup` means it."""
        return [number for number, handler in self._before.items() if handler is not signal.SIG_IGN]

    def start(self, number: int) -> None:
        """Let the process end in some seconds, as by signal `number`, unless this is left before."""
        self._timer = threading.Timer(_LONGEST_END_S, _leave, (number,))
        self._timer.daemon = True
        self._timer.start()

    def leave_on_signals(self) -> None:
        """Let a signal end the process at once, until this is left."""
        for number in self.heard:
            signal.signal(number, _leave)


@contextmanager
def stopping_on_signals(stop: Stop, deadline: Deadline) -> Iterator[None]:
    """Let SIGINT, SIGTERM or SIGHUP request the stop while inside, and start the deadline.

    A second one ends the process at once. Works in the main thread of a running event loop.
    """
    loop = asyncio.get_running_loop()

    # Not the loop's own handlers: those are deaf while it is busy, and to the second signal for ever then.
    def on_signal(number: int, _frame: FrameType | None) -> None:
        if stop.reason is not None:
            _leave(number)
        deadline.leave_on_signals()
        deadline.start(number)
        loop.call_soon_threadsafe(stop.request, RunInterruptedError(number))

    for number in deadline.heard:
        signal.signal(number, on_signal)
    try:
        yield
    finally:
        # The work is done. What the loop still waits for is not worth another wait.
        deadline.leave_on_signals()


def _leave(number: int, _frame: FrameType | None = None) -> None:
    """End the process now: whatever is on disk is kept, and downloads resume, as after a SIGKILL."""
    os._exit(128 + number)
