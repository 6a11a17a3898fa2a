"""Ways to disturb a run: SIGKILL before a certain system call or after some time, and a disk that is full."""

from __future__ import annotations

import asyncio
import random
import re
import shutil
import signal
import sys
import tempfile
from asyncio.subprocess import DEVNULL, Process
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.machine.program import PATIENCE_S, Ended, Program, Running, started, until

CALLS = (
    *("write", "writev", "pwrite64", "fsync", "fdatasync", "ftruncate", "openat", "mkdirat"),
    *("rename", "renameat", "renameat2", "link", "linkat", "unlink", "unlinkat"),
)
"""What changes a disk. Whatever is between two of them leaves the disk as the first did."""

ROOM_TAKERS = ("pwrite64", "fsync", "fdatasync", "ftruncate", "mkdirat", "renameat", "linkat")
"""Calls that a full disk refuses. Not write(2): strace cannot tell files from pipes and the loop's own."""

Boundaries = Mapping[str, int]
"""How often a thread of an undisturbed run makes each call, at most."""

# The worker processes that look into media are programs of their own: strace leaves them when they begin.
_FOLLOW_THREADS_ALONE = ("-f", "-b", "execve")
_TRACED = re.compile(r"(\d+) +(\w+)\(")


@dataclass(frozen=True, slots=True)
class AtCall:
    """Before a thread's `number`-th `call`."""

    call: str
    number: int


@dataclass(frozen=True, slots=True)
class AfterSeconds:
    """So long after the work began."""

    seconds: float


@dataclass(frozen=True, slots=True)
class DiskFull:
    """A thread's `number`-th `call`, and all of them after it, find no room (ENOSPC)."""

    call: str
    number: int


Disturbance = AtCall | AfterSeconds | DiskFull


def draw_disturbance(chance: random.Random, boundaries: Boundaries, longest_s: float) -> Disturbance:
    """Return a kill at some time, a full disk or, twice as likely as either, a kill at a call."""
    kind = chance.randrange(4) if boundaries else 0
    if kind == 0:
        return AfterSeconds(chance.uniform(0, longest_s))
    call = chance.choice([call for call in (ROOM_TAKERS if kind == 1 else CALLS) if call in boundaries])
    number = chance.randint(1, boundaries[call])
    return DiskFull(call, number) if kind == 1 else AtCall(call, number)


async def run_disturbed(program: Program, arguments: Sequence[str], disturbance: Disturbance) -> Ended:
    """Run `luma-archiver ARGUMENTS`; its exit code is -9 where it came to a kill."""
    async with _launched(program, arguments) as running, AsyncExitStack() as stack:
        match disturbance:
            case AtCall(call, number):
                inject = f"inject=?{call}:signal=KILL:when={number}"
                await stack.enter_async_context(_traced(running.process.pid, call, "-e", inject))
                running.send(signal.SIGCONT)
            case DiskFull(call, number):
                inject = f"inject=?{call}:error=ENOSPC:when={number}+"
                await stack.enter_async_context(_traced(running.process.pid, call, "-e", inject))
                running.send(signal.SIGCONT)
            case AfterSeconds(seconds):
                running.send(signal.SIGCONT)
                # The moment is what is drawn: there is nothing to wait for.
                await asyncio.wait([asyncio.create_task(running.process.wait())], timeout=seconds)
                if running.process.returncode is None:
                    running.send(signal.SIGKILL)
        return await running.end()


async def count_calls(program: Program, arguments: Sequence[str]) -> Boundaries:
    """Run `luma-archiver ARGUMENTS` to its end and count. Returns nothing where strace cannot trace."""
    if not shutil.which("strace"):
        return {}
    with tempfile.NamedTemporaryFile("r") as report:
        try:
            await _trace_all(program, arguments, report.name)
        except PermissionError:
            return {}
        calls = Counter(_TRACED.findall(await asyncio.to_thread(report.read)))
    counts: dict[str, int] = {}
    for (_, call), count in calls.items():
        counts[call] = max(count, counts.get(call, 0))
    return counts


async def _trace_all(program: Program, arguments: Sequence[str], report: str) -> None:
    async with (
        _launched(program, arguments) as running,
        _traced(running.process.pid, ",?".join(CALLS), "-o", report) as strace,
    ):
        running.send(signal.SIGCONT)
        await running.end()
        await asyncio.wait_for(strace.wait(), PATIENCE_S)


@asynccontextmanager
async def _launched(program: Program, arguments: Sequence[str]) -> AsyncIterator[Running]:
    command = [sys.executable, "-m", "tests.crash.launch", *program.arguments(*arguments)]
    async with started(command, program.environ, stdin=DEVNULL) as running:
        await until(lambda: _status(running.process.pid, "State").startswith("T"))
        yield running


@asynccontextmanager
async def _traced(pid: int, calls: str, *options: str) -> AsyncIterator[Process]:
    command = ["strace", *_FOLLOW_THREADS_ALONE, "-p", str(pid), "-e", f"trace=?{calls}", *options]
    strace = await asyncio.create_subprocess_exec(*command, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL)
    try:
        await until(lambda: _status(pid, "TracerPid") != "0" or strace.returncode is not None)
        if strace.returncode is not None:
            msg = "strace cannot trace a process here"
            raise PermissionError(msg)
        yield strace
    finally:
        Running(strace).send(signal.SIGTERM)
        await strace.wait()


def _status(pid: int, name: str) -> str:
    """Return a field of /proc/PID/status, empty where the process is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(f"{name}:")), "")
