"""Processes that look into media files for this one. Whatever a file does to them, here it is a value.

The rules:

1. A worker has limited memory, and limited time for each file. One that ends, or answers nonsense, is
   replaced; one that is late is killed, with all that it started.
2. A file that a worker could not bear is looked at once more, by a fresh worker with more memory, of which
   there is one at a time: so the verdict is the file's, not that of what the worker did before, and
   the pool as a whole stays within `workers` times `memory_bytes`, and once `large_memory_bytes`.
3. A worker costs as much as some twenty clips to start, and 30 MB to keep: another one is started when
   somebody has waited twice in a row. Once may be a moment in which nothing went on, this process included.
4. A worker is given neither the key nor anything else that it does not need, and is parsed with care.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from archiver.domain.quantity import show_size
from archiver.media.messages import OutOfMemory, Question, Reply, Task
from archiver.media.process import Ended, WorkerProcess

# As long as a worker takes to start, and so often.
_PATIENCE_S = 0.25
_WAITS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolOptions:
    """How many workers at most, and what each may take."""

    workers: int = field(default_factory=lambda: os.cpu_count() or 1)
    # Five times what a film of 4K takes.
    memory_bytes: int = 1 << 30
    # What Pillow takes for a picture of 200 megapixels with transparency is 2.5 GB.
    large_memory_bytes: int = 3 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """How long a look may take, in seconds: of a processor's time, and until it is killed."""

    cpu_s: int
    wall_s: float


@dataclass(frozen=True, slots=True)
class Unbearable:
    """No worker could look into the file, and why."""

    reason: str


class WorkerPool:
    """Looks into files; use `async with`. Workers are started when there is something to look into."""

    def __init__(self, options: PoolOptions) -> None:
        self._options = options
        self._turns = asyncio.Semaphore(1)
        self._turns_given = 1
        self._alone = asyncio.Lock()
        self._idle: list[WorkerProcess] = []
        self._all: set[WorkerProcess] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End every worker; what is still asked of one comes out as unbearable."""
        # All of them before the first wait, which may be cancelled.
        for worker in self._all:
            worker.kill()
        self._idle.clear()
        await asyncio.gather(*map(self._end, tuple(self._all)))

    async def ask(self, question: Question, allowance: Allowance) -> Reply | Unbearable:
        """Return a worker's answer. Raises `RunError` where no worker can be started."""
        task = Task(question, allowance.cpu_s)
        await self._take_turn()
        try:
            found = await self._ask_any(task, allowance.wall_s)
        finally:
            self._turns.release()
        if isinstance(found, OutOfMemory) or (isinstance(found, Ended) and not found.was_late):
            async with self._alone:
                found = await self._ask_fresh(task, allowance.wall_s)
        match found:
            case OutOfMemory():
                return Unbearable(
                    f"reading it takes over {show_size(self._options.large_memory_bytes)} of memory"
                )
            case Ended(reason):
                return Unbearable(reason)
            case _:
                return found

    async def _take_turn(self) -> None:
        """Wait for a worker; where that takes too long, let there be one more."""
        waits = 0
        while self._turns_given < self._options.workers:
            try:
                async with asyncio.timeout(_PATIENCE_S):
                    await self._turns.acquire()
            except TimeoutError:
                waits += 1
                if waits >= _WAITS and self._turns_given < self._options.workers:
                    self._turns_given += 1
                    self._turns.release()
            else:
                return
        await self._turns.acquire()

    async def _ask_any(self, task: Task, wall_s: float) -> Reply | Ended:
        worker = self._idle.pop() if self._idle else await self._start(self._options.memory_bytes)
        is_of_use = False
        try:
            found = await worker.ask(task, wall_s)
            is_of_use = not isinstance(found, OutOfMemory | Ended)
        finally:
            # One that was cancelled has an answer under way that nobody takes.
            if is_of_use:
                self._idle.append(worker)
            else:
                await self._end(worker)
        return found

    async def _ask_fresh(self, task: Task, wall_s: float) -> Reply | Ended:
        worker = await self._start(self._options.large_memory_bytes)
        try:
            return await worker.ask(task, wall_s)
        finally:
            await self._end(worker)

    async def _start(self, memory_bytes: int) -> WorkerProcess:
        worker = await WorkerProcess.spawn(memory_bytes)
        self._all.add(worker)
        is_settled = False
        try:
            await worker.settle()
            is_settled = True
        finally:
            if not is_settled:
                await self._end(worker)
        return worker

    async def _end(self, worker: WorkerProcess) -> None:
        worker.kill()
        await worker.wait()
        self._all.discard(worker)
