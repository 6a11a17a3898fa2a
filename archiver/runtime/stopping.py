"""How a run is told to end before its work is done: by a signal, or by whoever started it."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from archiver.domain.errors import RunError, RunInterruptedError

# SIGHUP: the terminal, or the SSH connection, went away.
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


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


@contextmanager
def stopping_on_signals(stop: Stop) -> Iterator[None]:
    """Let SIGINT, SIGTERM and SIGHUP request the stop while inside; a second one leaves at once.

    Works in the main thread of a running event loop.
    """
    loop = asyncio.get_running_loop()

    def on_signal(number: int) -> None:
        if stop.reason is not None:
            # What was asked for twice does not wait for open files: partial downloads resume all the same.
            os._exit(128 + number)
        stop.request(RunInterruptedError(number))

    for number in _SIGNALS:
        loop.add_signal_handler(number, on_signal, number)
    try:
        yield
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
