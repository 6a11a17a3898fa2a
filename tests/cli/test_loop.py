"""The loop around a command's work: signals end it in order."""

from __future__ import annotations

import asyncio
import os
import signal
import threading

import pytest

from archiver.cli.loop import run_until_stopped
from archiver.domain.errors import RunInterruptedError
from archiver.runtime.stopping import Stop, unless_stopped

pytestmark = pytest.mark.usefixtures("heard_signals")


@pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_is_a_wish_that_the_work_sees(number: signal.Signals, exit_code: int) -> None:
    """The work ends in its own way: nothing is torn down around it."""
    stop = Stop()

    async def work() -> int:
        os.kill(os.getpid(), number)
        return (await stop.wait()).exit_code

    assert run_until_stopped(work, stop) == exit_code


def test_work_that_watches_nothing_is_cancelled_and_has_ended_when_the_reason_is_raised() -> None:
    """What it started, such as a process, is gone by then."""
    stop = Stop()
    ended: list[str] = []

    async def long() -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append("cleaned up")

    with pytest.raises(RunInterruptedError) as caught:
        run_until_stopped(lambda: unless_stopped(long(), stop), stop)
    assert caught.value.exit_code == 143
    assert ended == ["cleaned up"]


def test_a_process_that_stopped_in_time_goes_on_as_before() -> None:
    """Whoever called is not ended later on, and hears its own signals again."""
    stop = Stop()
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    threads = threading.active_count()

    async def work() -> int:
        os.kill(os.getpid(), signal.SIGTERM)
        return (await stop.wait()).exit_code

    run_until_stopped(work, stop)
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)] == before
    for thread in set(threading.enumerate()) - {threading.main_thread()}:
        thread.join(1)
    assert threading.active_count() <= threads


def test_work_that_ends_by_itself_gives_its_result_or_its_error() -> None:
    """As if nothing were around it."""
    stop = Stop()

    async def seven() -> int:
        return 7

    async def fails() -> int:
        msg = "its own"
        raise ValueError(msg)

    assert run_until_stopped(lambda: unless_stopped(seven(), stop), stop) == 7
    with pytest.raises(ValueError, match="its own"):
        run_until_stopped(lambda: unless_stopped(fails(), stop), stop)
