"""The real program in a process of its own, against the simulated service in this one."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.simulator import API_KEY, Service

ROOT = Path(__file__).parents[2]
# Far more than anything here takes: what hangs fails, on however slow a machine.
PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a process ended; `seconds` from its start, or from when it was asked to stop."""

    code: int
    out: str
    err: str
    seconds: float

    @property
    def events(self) -> list[dict[str, Any]]:
        """What it printed with `--json`."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def complaints(self) -> list[str]:
        """The lines on standard error that are the program's own, without the summary and notices."""
        return [line for line in self.err.splitlines() if line.startswith("luma-archiver:")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """How `luma-archiver` is run on an archive; `before` is a command that runs another, as `setpriv` is."""

    service: Service
    archive: Path
    before: Sequence[str] = ()
    options: Sequence[str] = ()
    environment: dict[str, str] = field(default_factory=dict)

    def command(self, *arguments: str) -> list[str]:
        """Return the whole command line of `luma-archiver ARGUMENTS`."""
        return [*self.before, sys.executable, "-m", "archiver", *self.arguments(*arguments)]

    def arguments(self, *arguments: str) -> list[str]:
        """Return the program's own arguments, those for the simulated service included."""
        where = ["--archive", str(self.archive), "--api-base", self.service.api_base]
        return [*arguments, *where, "--allow-private-hosts", "--retry-delay", "0.01", *self.options]

    @property
    def environ(self) -> dict[str, str]:
        """The process's environment: this one's, with the key, without a person's own configuration."""
        own = {"LUMA_API_KEY": API_KEY, "XDG_CONFIG_HOME": "/nonexistent", "PYTHONPATH": str(ROOT)}
        return {**os.environ, **own, **self.environment}

    async def run(self, *arguments: str) -> Ended:
        """Run it to its end."""
        async with self.started(*arguments, stdin=DEVNULL) as running:
            return await running.end()

    @asynccontextmanager
    async def started(self, *arguments: str, stdin: int = PIPE) -> AsyncIterator[Running]:
        """Start it; what still runs when this is left is killed."""
        async with started(self.command(*arguments), self.environ, stdin=stdin) as running:
            yield running


@dataclass(frozen=True, slots=True)
class Running:
    """A process that runs."""

    process: Process

    async def end(self, number: signal.Signals | None = None) -> Ended:
        """Send it a signal, if one is given, and wait for its end. Raises `TimeoutError`."""
        began_s = time.monotonic()
        if number is not None:
            self.send(number)
        # Not `communicate`: that closes standard input, on which the program may be waiting.
        async with asyncio.timeout(PATIENCE_S):
            out, err = await asyncio.gather(_all_of(self.process.stdout), _all_of(self.process.stderr))
            code = await self.process.wait()
        return Ended(code=code, out=out, err=err, seconds=time.monotonic() - began_s)

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, where it still runs."""
        # The process's own method would take its exit code away from who waits for it (CPython #87744).
        with suppress(ProcessLookupError):
            os.kill(self.process.pid, number)

    async def line(self) -> str:
        """Return the next line of its standard output. Raises `TimeoutError`."""
        return await _line_of(self.process.stdout)

    async def error_line(self) -> str:
        """Return the next line of its standard error. Raises `TimeoutError`."""
        return await _line_of(self.process.stderr)

    def say(self, text: str) -> None:
        """Write to its standard input."""
        assert self.process.stdin
        self.process.stdin.write(text.encode())


@asynccontextmanager
async def started(
    command: Sequence[str], environ: dict[str, str] | None = None, *, stdin: int = PIPE
) -> AsyncIterator[Running]:
    """Start any command; what still runs when this is left is killed, with its children."""
    process = await asyncio.create_subprocess_exec(
        *command, stdin=stdin, stdout=PIPE, stderr=PIPE, env=environ, cwd=ROOT, process_group=0
    )
    try:
        yield Running(process)
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        await process.communicate()


async def until(is_so: Callable[[], bool]) -> None:
    """Wait until something out there is so. Raises `TimeoutError`."""
    async with asyncio.timeout(PATIENCE_S):
        while not is_so():  # noqa: ASYNC110 - another process gives no notice
            await asyncio.sleep(0.005)


async def _all_of(stream: asyncio.StreamReader | None) -> str:
    assert stream
    return (await stream.read()).decode()


async def _line_of(stream: asyncio.StreamReader | None) -> str:
    assert stream
    async with asyncio.timeout(PATIENCE_S):
        return (await stream.readline()).decode().rstrip("\n")
