"""One worker as its owner sees it: a process, a pipe there and a pipe back."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from archiver.domain.errors import RunError
from archiver.media.environment import environment
from archiver.media.messages import (
    LENGTH_BYTES,
    LONGEST_MESSAGE_BYTES,
    Ready,
    Reply,
    Task,
    frame,
    read_reply,
)
from archiver.runtime.children import Child, start_child

_MODULE = "archiver.media.worker"
# A machine that swaps takes its time to import PyAV.
_START_S = 120.0
# Of memory that is free, by a worker for its next file.
_KEPT_BYTES = str(16 << 20)
# From the end of its answers to the end of a process.
_LEAVING_S = 5.0


@dataclass(frozen=True, slots=True)
class Ended:
    """The worker is gone, or of no use any more; `was_late` where it was given all the time there is."""

    reason: str
    was_late: bool = False


class WorkerProcess:
    """A worker. Whoever has one ends it by `kill` and `wait`."""

    def __init__(self, process: Child) -> None:
        self._process = process
        self._leaving: asyncio.Future[int] | None = None

    @classmethod
    async def spawn(cls, memory_bytes: int) -> Self:
        """Start a worker. Raises `RunError`."""
        try:
            return cls(
                await start_child(
                    # -P: the folder that a user stands in is no place to import from.
                    (sys.executable, "-P", "-m", _MODULE, str(memory_bytes)),
                    pipes=("stdin", "stdout"),
                    cwd=os.sep,
                    env=_environment(),
                )
            )
        except OSError as error:
            msg = f"no process can be started to look into files: {error.strerror}: close some programs"
            raise RunError(msg) from error

    @property
    def id(self) -> int:
        """The process's id."""
        return self._process.pid

    async def settle(self) -> None:
        """Wait until the worker takes tasks. Raises `RunError` where it never will."""
        found = await self._hear(_START_S)
        if isinstance(found, Ready):
            return
        reason = found.reason if isinstance(found, Ended) else "it says something else"
        msg = f"the process that looks into files does not start: {reason}: try `python -m {_MODULE} 0`"
        raise RunError(msg)

    async def ask(self, task: Task, wall_s: float) -> Reply | Ended:
        """Return the answer, or how the worker came to its end."""
        stdin = self._process.stdin
        # It may have ended since its last answer: then the reading tells how.
        with suppress(ConnectionError):
            if stdin:
                stdin.write(frame(task))
                await stdin.drain()
        return await self._hear(wall_s)

    def kill(self) -> None:
        """End the worker at once, and whatever it has started."""
        if self._process.returncode is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.id, signal.SIGKILL)

    async def wait(self) -> None:
        """Wait until the worker is gone and its pipes are closed; several may wait for one."""
        if self._leaving is None:
            # What it may have said last is read by nobody, or by whoever asked it.
            self._leaving = asyncio.ensure_future(self._process.wait())
        await asyncio.shield(self._leaving)

    async def _hear(self, wall_s: float) -> Reply | Ended:
        try:
            async with asyncio.timeout(wall_s):
                return await self._receive()
        except TimeoutError:
            return Ended(f"not done within {wall_s:.0f} s", was_late=True)
        except EOFError:
            return _explain(await self._leave())
        except ValueError:
            return Ended("the process that read it answered nonsense")

    async def _receive(self) -> Reply:
        pipe = self._process.stdout
        if pipe is None:
            raise EOFError
        length = int.from_bytes(await pipe.readexactly(LENGTH_BYTES), "big")
        if length > LONGEST_MESSAGE_BYTES:
            msg = f"an answer of {length} bytes"
            raise ValueError(msg)
        return read_reply(await pipe.readexactly(length))

    async def _leave(self) -> int:
        """Return the exit code of a worker whose answers have ended."""
        try:
            async with asyncio.timeout(_LEAVING_S):
                return await self._process.wait()
        except TimeoutError:
            self.kill()
            return await self._process.wait()


def _environment() -> dict[str, str]:
    return environment() | {
        # From where this process imports, the worker does.
        "PYTHONPATH": os.pathsep.join(str(Path(entry).absolute()) for entry in sys.path),
        # glibc reserves 64 MB for each thread that allocates; that would be all of the memory (mallopt(3)).
        "MALLOC_ARENA_MAX": "2",
        # What a frame takes is given back to the system and asked for again with each file otherwise, and a
        # page that comes anew costs more than a page that is decoded into: a tenth of the time for a clip.
        "MALLOC_MMAP_THRESHOLD_": _KEPT_BYTES,
        "MALLOC_TRIM_THRESHOLD_": _KEPT_BYTES,
    }


def _explain(exit_code: int) -> Ended:
    if exit_code >= 0:
        return Ended(f"reading it ended its process (exit code {exit_code})")
    if -exit_code == signal.SIGXCPU:
        return Ended("reading it takes too much computing", was_late=True)
    return Ended(f"reading it crashed its process ({_name(-exit_code)})")


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
