"""How long a night with nothing to do takes: `python -m tests.benchmarks.night [--archive DIR]`.

Real processes of `sync`, and of `batch` over a manifest that lists everything, where nobody answers at the
API's address: a run that asks anybody anything fails. The exit code is 1 where one did what it should not.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

from archiver.domain.naming import GENERATIONS, INDEX, RUNS
from archiver.storage.ledger import Ledger
from tests.benchmarks.made_archive import make_archive
from tests.simulator import API_KEY, Service

ROOT = Path(__file__).parents[2]
SYNC, BATCH = "sync", "batch"
_KIB, _MB = 1024, 1e6
_LEFT_BY_A_RUN = {GENERATIONS, INDEX, RUNS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Some runs of one command: seconds and peak memory of each, and what they should not have done.

    Where others use the machine, too, `cpu_seconds` tell more than `seconds` on the wall.

    `unchanged` counts the generations that they found final, `asked` those that they did not.
    """

    command: str
    seconds: Sequence[float]
    cpu_seconds: Sequence[float]
    peaks_mb: Sequence[float]
    unchanged: int
    asked: int
    wrong: Sequence[str]

    @property
    def in_words(self) -> str:
        """The figures in a line."""
        median, cpu = statistics.median(self.seconds), statistics.median(self.cpu_seconds)
        took = f"{median:.2f} s (median of {len(self.seconds)}; {cpu:.2f} s of the processor)"
        return f"{self.command}: {took}, {max(self.peaks_mb):.0f} MB, {self.asked} requests"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """One run."""

    code: int
    seconds: float
    cpu_seconds: float
    peak_mb: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Nights:
    """An archive with nothing to do, a manifest of all that is in it, and an address where nobody answers."""

    archive: Path
    manifest: Path
    api_base: str

    def measure(self, command: str, *, rounds: int) -> Measured:
        """Run a command so many times, and look at what it did."""
        before = set(_folders(self.archive))
        runs = [self._run(command) for _ in range(rounds)]
        counts = self._counts(rounds)
        unchanged = counts.pop("unchanged", 0)
        wrong = [f"{command} ended with {run.code}" for run in runs if run.code != 0]
        if counts.total():
            wrong.append(f"{command} did more than to find everything final: {dict(+counts)}")
        if unchanged != (rounds * len(before) if command == BATCH else 0):
            wrong.append(f"{command} found {unchanged} of {len(before)} final in {rounds} runs")
        if before != set(_folders(self.archive)):
            wrong.append(f"{command} wrote into the folders of generations")
        if others := {path.name for path in self.archive.iterdir()} - _LEFT_BY_A_RUN:
            wrong.append(f"{command} left {sorted(others)}")
        return Measured(
            command=command,
            seconds=[run.seconds for run in runs],
            cpu_seconds=[run.cpu_seconds for run in runs],
            peaks_mb=[run.peak_mb for run in runs],
            unchanged=unchanged,
            asked=counts.total(),
            wrong=wrong,
        )

    def _run(self, command: str) -> _Run:
        manifest = [str(self.manifest)] if command == BATCH else []
        options = ["--quiet", "--archive", str(self.archive), "--api-base", self.api_base, "--retries", "0"]
        with tempfile.NamedTemporaryFile("r") as report:
            measured = [sys.executable, "-m", "tests.scale.measured", report.name]
            began_s = time.monotonic()
            process = subprocess.Popen(  # noqa: S603 - our own program
                [*measured, command, *manifest, *options], cwd=ROOT, env=_environment()
            )
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            return _Run(
                code=process.returncode,
                seconds=time.monotonic() - began_s,
                cpu_seconds=usage.ru_utime + usage.ru_stime,
                peak_mb=int(report.read() or 0) * _KIB / _MB,
            )

    def _counts(self, rounds: int) -> Counter[str]:
        """Return what the last runs counted, bytes among it."""
        counts: Counter[str] = Counter()
        for run in islice(Ledger(self.archive).runs(), rounds):
            counts.update(run.end.counts if run.end else {"without an end": 1})
            counts.update(bytes=run.end.bytes if run.end else 0)
        return counts


def _environment() -> dict[str, str]:
    own = {name: text for name, text in os.environ.items() if not name.startswith("LUMA_")}
    return {**own, "LUMA_API_KEY": API_KEY, "XDG_CONFIG_HOME": "/nonexistent"}


def _folders(archive: Path) -> Iterator[tuple[str, int]]:
    """Give the id of each generation, and when its folder changed (ns)."""
    for month in archive.glob(f"{GENERATIONS}/*/*"):
        with os.scandir(month) as entries:
            yield from ((entry.name, entry.stat().st_mtime_ns) for entry in entries)


def write_manifest(archive: Path, manifest: Path) -> Path:
    """List all that is in an archive, as a list that has grown: by month, and within a month in no order."""
    chance = random.Random(0)  # noqa: S311 - the same order each time
    with manifest.open("w") as file:
        for month in sorted(archive.glob(f"{GENERATIONS}/*/*")):
            ids = sorted(path.name for path in month.iterdir())
            chance.shuffle(ids)
            file.writelines(f"{generation_id}\n" for generation_id in ids)
    return manifest


async def measure_nights(archive: Path, folder: Path, *, rounds: int) -> list[Measured]:
    """Measure both commands, after a run that makes the index."""
    manifest = write_manifest(archive, folder / "ids.txt")
    async with Service() as service:
        nights = Nights(archive=archive, manifest=manifest, api_base=service.refusing_base())
        await asyncio.to_thread(nights.measure, SYNC, rounds=1)
        return [await asyncio.to_thread(nights.measure, command, rounds=rounds) for command in (SYNC, BATCH)]


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.night", description=__doc__)
    parser.add_argument("--count", type=int, default=100_000, help="generations in an archive that is made")
    parser.add_argument("--archive", type=Path, help="an archive to use, made where there is none")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each command")
    parser.add_argument("--json", type=Path, help="a file for the figures")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="luma-archiver-night-") as folder:
        archive = given.archive or Path(folder, "archive")
        if not (archive / GENERATIONS).exists():
            _say(f"made {given.count} generations in {make_archive(archive, given.count):.1f} s")
        found = asyncio.run(measure_nights(archive, Path(folder), rounds=given.rounds))
    return _report(found, given.json)


def _report(found: Sequence[Measured], file: Path | None) -> int:
    for measured in found:
        _say(measured.in_words)
    wrong = [words for measured in found for words in measured.wrong]
    for words in wrong:
        _say(f"wrong: {words}")
    if file:
        file.write_text(json.dumps([asdict(measured) for measured in found], indent=2) + "\n")
    return 1 if wrong else 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
