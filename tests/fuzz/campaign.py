"""Mutated files, one after the other, through workers under the program's own limits."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from archiver.media.messages import (
    FindDecodeError,
    FoundDamage,
    FoundNoMedia,
    Inspect,
    Measured,
    OutOfMemory,
    Question,
    Reply,
    Task,
    Unreadable,
)
from archiver.media.pool import PoolOptions
from archiver.media.process import Ended, WorkerProcess
from tests.fuzz.corpus import corpus
from tests.fuzz.mutation import mutate
from tests.hostile.workers import peak_bytes

# A file of the corpus takes some 5 ms: these are a hang.
CPU_S, WALL_S = 30, 60.0
# An ffmpeg takes 60 ms to start, twenty times what a look takes.
_FILMS_A_DECODING = 10
# A file may say that it needs terabytes: that is refused before it is taken, and harms nobody. What took so
# much before it was stopped is a finding.
_MOST_TAKEN_BYTES = PoolOptions().memory_bytes // 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One mutated file; its number and the campaign's seed make it again."""

    number: int
    name: str
    data: bytes
    is_film: bool

    @property
    def is_decoded(self) -> bool:
        """True where every frame of it is decoded, too."""
        return not self.is_film or self.number % _FILMS_A_DECODING == 0


@dataclass(frozen=True, slots=True)
class Finding:
    """A file that a worker did not bear, and how that showed."""

    case: Case
    reason: str


@dataclass(slots=True)
class Report:
    """What became of the files."""

    verdicts: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    most_memory_bytes: int = 0
    """The most that a worker ever had in memory."""
    slowest_s: float = 0.0
    slowest: str = ""


def cases(seed: int, count: int) -> Iterator[Case]:
    """Give `count` mutated files."""
    samples = corpus()
    for number in range(count):
        chance = random.Random(f"{seed}/{number}")  # noqa: S311 - nothing secret
        sample, other = chance.choice(samples), chance.choice(samples)
        data = mutate(chance, sample.data, other.data)
        yield Case(number=number, name=sample.name, data=data, is_film=sample.is_film)


async def run(seed: int, count: int, folder: Path) -> Report:
    """Look into mutated files, as many at once as there are processors; `folder` holds them for that time."""
    report, left = Report(), cases(seed, count)
    lanes = (_Lane(folder / f"lane-{number}", report) for number in range(os.cpu_count() or 1))
    async with asyncio.TaskGroup() as tasks:
        for lane in lanes:
            tasks.create_task(lane.work(left))
    return report


class _Lane:
    """One worker at a time, and the file that it looks into."""

    def __init__(self, path: Path, report: Report) -> None:
        self._path = path
        self._report = report
        self._worker: WorkerProcess | None = None

    async def work(self, left: Iterator[Case]) -> None:
        """Look into what is left."""
        try:
            for case in left:
                self._path.write_bytes(case.data)
                await self._look(case)
        finally:
            await self._end_worker()

    async def _look(self, case: Case) -> None:
        path, began_s = os.fsencode(self._path), time.monotonic()
        answer = await self._ask(case, Inspect(path))
        self._report.verdicts[_verdict(answer)] += 1
        if case.is_decoded and not isinstance(answer, Ended | OutOfMemory | FoundNoMedia):
            await self._ask(case, FindDecodeError(path))
        took_s = time.monotonic() - began_s
        if took_s > self._report.slowest_s:
            self._report.slowest_s, self._report.slowest = took_s, f"{case.number} ({case.name})"

    async def _ask(self, case: Case, question: Question) -> Reply | Ended:
        if self._worker is None:
            self._worker = await WorkerProcess.spawn(PoolOptions().memory_bytes)
            await self._worker.settle()
        answer = await self._worker.ask(Task(question, CPU_S), WALL_S)
        match answer:
            case Ended(reason) | Unreadable(reason):
                await self._find(case, reason)
            case _:
                await self._weigh(case, self._worker)
        return answer

    async def _weigh(self, case: Case, worker: WorkerProcess) -> None:
        taken = peak_bytes(worker.id)
        self._report.most_memory_bytes = max(self._report.most_memory_bytes, taken)
        if taken > _MOST_TAKEN_BYTES:
            await self._find(case, f"{taken >> 20} MiB of memory")

    async def _find(self, case: Case, reason: str) -> None:
        self._report.findings.append(Finding(case, reason))
        await self._end_worker()

    async def _end_worker(self) -> None:
        worker, self._worker = self._worker, None
        if worker:
            worker.kill()
            await worker.wait()


def _verdict(answer: Reply | Ended) -> str:
    match answer:
        case Measured():
            return "measured"
        case FoundDamage():
            return "damaged"
        case FoundNoMedia():
            return "no media"
        case OutOfMemory():
            return "refused as too large"
        case _:
            return "not borne"
