"""Large runs, measured from outside: how fast they go on, how much memory they take."""

from __future__ import annotations

import asyncio
import sys
import time
from asyncio.subprocess import DEVNULL
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from tests.machine.program import Program, Running, started
from tests.scale.measured import peak_kib
from tests.simulator import Recipe, Service, make_clip

# Pictures are what costs to make; so many different clips are served over and over.
_DIFFERENT_CLIPS = 8
_GROUP = 100
_KIB, _MB = 1024, 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A run: its exit code, peak memory, and when each generation ended, from the first on.

    `workers_mb` are the processes that look into media, together, as they were seen once every hundred.
    """

    code: int
    peak_mb: float
    workers_mb: float
    ends_s: Sequence[float]

    @property
    def rates(self) -> list[float]:
        """Generations a second, for each hundred of them."""
        firsts = self.ends_s[::_GROUP]
        return [_GROUP / (later - earlier) for earlier, later in pairwise(firsts)]


async def measure_generations(folder: Path, count: int, *, concurrency: int = 16) -> Measured:
    """Archive `count` small generations below `folder`."""
    manifest = folder / "ids.txt"
    async with Service() as service:
        for number in range(count):
            service.serve(f"g-{number:05}", make_clip(Recipe(seed=number % _DIFFERENT_CLIPS)))
        _write_ids(manifest, count)
        program = Program(service=service, archive=folder / "archive")
        return await _measure(
            program, folder, ["batch", str(manifest), "--json", "--concurrency", str(concurrency)]
        )


async def measure_rows(folder: Path, rows: int) -> Measured:
    """Read a manifest of `rows` rows, of which half cannot be used and half were had already."""
    manifest = folder / f"{rows}.txt"
    _write_rows(manifest, rows)
    async with Service() as service:
        service.serve("g-1", state="failed")
        program = Program(service=service, archive=folder / f"archive-{rows}")
        return await _measure(program, folder, ["batch", str(manifest), "--quiet"])


async def _measure(program: Program, folder: Path, arguments: Sequence[str]) -> Measured:
    report = folder / "peak"
    command = [sys.executable, "-m", "tests.scale.measured", str(report), *program.arguments(*arguments)]
    watch = _Watch()
    async with started(command, program.environ, stdin=DEVNULL) as running:
        await asyncio.gather(watch.follow(running), _discard(running))
        code = await running.process.wait()
    peak_mb = int(report.read_text()) * _KIB / _MB
    return Measured(code=code, peak_mb=peak_mb, workers_mb=watch.workers_mb, ends_s=watch.ends_s)


@dataclass(slots=True)
class _Watch:
    """What is seen of a run while it goes on."""

    ends_s: list[float] = field(default_factory=list)
    workers_mb: float = 0.0

    async def follow(self, running: Running) -> None:
        """Read what it prints."""
        assert running.process.stdout
        async for line in running.process.stdout:
            if b'"event":"generation"' not in line:
                continue
            if len(self.ends_s) % _GROUP == 0:
                self.workers_mb = max(self.workers_mb, _children_mb(running.process.pid))
            self.ends_s.append(time.monotonic())


def _children_mb(pid: int) -> float:
    children = Path(f"/proc/{pid}/task/{pid}/children")
    pids = children.read_text().split() if children.exists() else []
    return sum(peak_kib(Path(f"/proc/{child}/status")) for child in pids) * _KIB / _MB


async def _discard(running: Running) -> None:
    assert running.process.stderr
    while await running.process.stderr.read(1 << 20):
        pass


def _write_ids(manifest: Path, count: int) -> None:
    with manifest.open("w") as file:
        file.writelines(f"g-{number:05}\n" for number in range(count))


def _write_rows(manifest: Path, rows: int) -> None:
    with manifest.open("w") as file:
        file.writelines(f"no id {number}!\ng-1\n" for number in range(rows // 2))
