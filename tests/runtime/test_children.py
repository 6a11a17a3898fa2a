"""Processes with pipes, on the loop that the program runs on and on asyncio's own."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
import uvloop

from archiver.runtime.children import start_child
from tests.benchmarks.counts import can_trace

_ECHO = "import sys; sys.stdout.buffer.write(sys.stdin.buffer.read()); sys.stderr.write('done')"
_ALL = ("stdin", "stdout", "stderr")
_LOOPS = [asyncio.new_event_loop, uvloop.new_event_loop]


@pytest.fixture(params=_LOOPS, ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Callable[[Coroutine[Any, Any, None]], None]:
    """Return what runs a coroutine, on each kind of loop in turn."""

    def run_on(work: Coroutine[Any, Any, None]) -> None:
        with asyncio.Runner(loop_factory=request.param) as runner:
            runner.run(asyncio.wait_for(work, 60))

    return run_on


def test_what_goes_in_comes_out(run: Callable[[Coroutine[Any, Any, None]], None]) -> None:
    """More than a pipe holds, both ways; then the exit code."""
    body = os.urandom(1_000_000)

    async def echo() -> None:
        child = await start_child([sys.executable, "-c", _ECHO], pipes=_ALL, env=dict(os.environ))
        assert child.stdin
        child.stdin.write(body)
        await child.stdin.drain()
        assert await child.communicate() == (body, b"done")
        assert child.returncode == 0

    run(echo())


def test_a_child_can_be_killed_and_leads_a_session_of_its_own(
    run: Callable[[Coroutine[Any, Any, None]], None],
) -> None:
    """Ctrl-C is for the run, which then ends what it has started."""

    async def kill() -> None:
        child = await start_child(["sleep", "60"], pipes=(), env=dict(os.environ))
        assert os.getsid(child.pid) == child.pid
        assert child.returncode is None
        child.kill()
        assert await child.wait() == -9
        assert await child.communicate() == (b"", b"")

    run(kill())


def test_a_program_that_is_not_there_is_an_error(run: Callable[[Coroutine[Any, Any, None]], None]) -> None:
    """As `subprocess` has it; nothing is left running."""

    async def start() -> None:
        with pytest.raises(FileNotFoundError):
            await start_child(["/nonexistent/program"], pipes=_ALL, env={})

    run(start())


def test_children_can_be_started_while_other_threads_hold_locks(
    run: Callable[[Coroutine[Any, Any, None]], None], tmp_path: Path
) -> None:
    """A thread in SQLite at the moment of the fork must not keep the child from its exec."""
    connection = sqlite3.connect(tmp_path / "busy.sqlite3", check_same_thread=False, isolation_level=None)
    connection.execute("CREATE TABLE busy (number)")
    is_over = threading.Event()

    def be_busy() -> None:
        while not is_over.is_set():
            connection.executemany("INSERT INTO busy VALUES (?)", ((number,) for number in range(20)))

    threads = [threading.Thread(target=be_busy) for _ in range(3)]

    async def start_many() -> None:
        for _ in range(10):
            child = await start_child(["true"], pipes=(), env=dict(os.environ))
            assert await child.wait() == 0

    for thread in threads:
        thread.start()
    try:
        run(start_many())
    finally:
        is_over.set()
        for thread in threads:
            thread.join()
        connection.close()


_CLOSING = """
import asyncio, os, sys
import uvloop
from archiver.runtime.children import start_child
from tests.benchmarks.counts import can_trace

async def main():
    for _ in range(3):
        child = await start_child(["cat"], pipes=("stdin", "stdout", "stderr"), env=dict(os.environ))
        await child.communicate()

with asyncio.Runner(loop_factory=eval(sys.argv[1])) as runner:
    runner.run(main())
"""


@pytest.mark.parametrize("loop", ["asyncio.new_event_loop", "uvloop.new_event_loop"])
def test_no_descriptor_is_closed_twice(tmp_path: Path, loop: str) -> None:
    """Between the two, another thread opens a file under the same number: it is that one which is closed."""
    if not can_trace():
        pytest.skip("system calls cannot be traced here: strace is missing, or ptrace(2) is not allowed")
    closes = tmp_path / "closes"
    traced = ["strace", "-f", "-o", str(closes), "-e", "trace=close", sys.executable, "-c", _CLOSING, loop]
    subprocess.run(traced, check=True)  # noqa: S603 - our own code
    assert closes.read_text().count("close(") > 9
    assert "EBADF" not in closes.read_text()
