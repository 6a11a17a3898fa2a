"""The run ledger: each run's begin and end, also where the run could not do its work."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

from archiver.assembly.recording import Conditions, run_recorded
from archiver.domain.errors import DiskFullError
from archiver.domain.outcome import RunReport
from archiver.storage.archive import Archive
from archiver.version import __version__
from tests.nightly.nights import FIRST_NIGHT, HandClock, Nights
from tests.nightly.program import at
from tests.simulator import Service
from tests.simulator.faults import StallAfter, Status


async def test_a_run_is_two_lines(nights: Nights) -> None:
    """What it was, when, by which version; then how it ended and what came of it."""
    nights.service.serve("g-1")
    await nights.get("g-1", "g-2")
    (run,) = nights.runs
    assert (run.begin.command, run.begin.at, run.begin.version) == ("get", FIRST_NIGHT, __version__)
    assert run.end
    assert (run.end.exit_code, run.end.counts["archived"], run.end.counts["error"]) == (3, 1, 1)
    assert run.end.bytes == sum(exchange.body_bytes for exchange in nights.service.log.media)
    lines = [json.loads(line) for line in (nights.archive / "runs.jsonl").read_bytes().splitlines()]
    assert [line["event"] for line in lines] == ["begin", "end"]
    assert lines[0]["at"] == "2025-01-01T03:00:00Z"


async def test_the_latest_run_comes_first(nights: Nights) -> None:
    """`status` reads of a ledger of years as much as it shows."""
    nights.service.serve("g-1")
    await nights.get("g-1")
    nights.pass_time(days=1)
    nights.service.api_faults.append(Status(403))
    await nights.get("g-2")
    nights.pass_time(days=1)
    await nights.sync()
    assert [run.begin.command for run in nights.runs] == ["sync", "get", "get"]
    assert [run.end and run.end.exit_code for run in nights.runs] == [0, 12, 0]
    assert [run.is_success for run in nights.runs] == [True, False, True]


async def test_a_run_that_ended_early_says_why(nights: Nights) -> None:
    """The key was refused: the kind is a word for programs."""
    nights.service.api_faults.append(Status(401))
    await nights.get("g-1")
    (run,) = nights.runs
    assert run.end
    assert run.end.error
    assert run.end.error.kind == "key_refused"


async def test_a_dry_run_leaves_no_line(nights: Nights) -> None:
    """It changes nothing."""
    nights.service.serve("g-1")
    await nights.get("g-1", dry_run=True)
    assert not nights.archive.exists()


async def test_a_killed_run_is_a_begin_without_an_end(service: Service, archive: Path) -> None:
    """Killed without a warning, as by the system when memory runs out; the next run goes on."""
    service.serve("g-1", faults=[StallAfter(100)])
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "archiver", "get", "g-1", "--verbose"),
        env={**os.environ, **at(service, archive)},
        stderr=asyncio.subprocess.PIPE,
    )
    assert child.stderr
    async with asyncio.timeout(30):
        await child.stderr.readuntil(b"fetching g-1")
    child.send_signal(signal.SIGKILL)
    await child.wait()
    nights = Nights(service, archive)
    (killed,) = nights.runs
    assert killed.end is None
    assert killed.begin.pid == child.pid
    assert (await nights.sync()).report.exit_code == 0
    assert [run.end is None for run in nights.runs] == [False, True]


async def test_a_line_that_was_cut_short_costs_that_line_alone(nights: Nights) -> None:
    """A full disk, or a power cut, in the middle of writing it."""
    await nights.sync()
    path = nights.archive / "runs.jsonl"
    path.write_bytes(path.read_bytes()[:-20])
    assert [run.end is None for run in nights.runs] == [True]
    await nights.sync()
    assert [run.end is None for run in nights.runs] == [False, True]


async def test_an_error_of_the_work_is_recorded_with_its_exit_code(nights: Nights) -> None:
    """A disk that is full when the stores are opened: the run never came to a generation."""

    async def work(_archive: Archive) -> RunReport:
        msg = "no room"
        raise DiskFullError(msg)

    conditions = Conditions.of(lambda _: None, None, HandClock())
    report = await run_recorded("sync", nights.options, work, conditions)
    assert report.exit_code == 1
    (run,) = nights.runs
    assert run.end
    assert run.end.exit_code == 1
    assert run.end.error
    assert run.end.error.kind == "disk_full"
