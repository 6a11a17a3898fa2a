"""All rows of a table in one run, each as a generation of its own: what each test looks at afterwards.

A run for each row would show the same and take ten times as long: a run's worker processes cost more than
the files. A second run follows, in which the hosts are honest again.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from archiver.assembly.options import Options
from tests.runs.running import Run, run_ids
from tests.simulator import Served, Service
from tests.simulator.log import Log


# Without a `repr`: `asyncio.run` makes one of its task, result and all, four times (CPython's `signal.signal`
# looks for the handler among its own names), and that of some thousand events takes seconds.
@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Crowd:
    """Two runs and what they left: `bad` while the faults lasted, `good` after them."""

    served: Mapping[str, Served]
    bad: Run
    good: Run
    bad_archive: Path
    """A copy of the archive as the first run left it."""
    good_archive: Path
    bad_log: Log
    """What was asked in the first run."""
    good_log: Log


async def run_twice(service: Service, served: Mapping[str, Served], options: Options) -> Crowd:
    """Run under the faults, keep a copy of the archive, run without them."""
    bad = await run_ids(options, *served)
    bad_log, copy = Log(service.log), options.archive.with_name("under-faults")
    shutil.copytree(options.archive, copy)
    calm(served.values())
    good = await run_ids(options, *served)
    return Crowd(
        served=served,
        bad=bad,
        good=good,
        bad_archive=copy,
        good_archive=options.archive,
        bad_log=bad_log,
        good_log=Log(service.log[len(bad_log) :]),
    )


def calm(served: Iterable[Served]) -> None:
    """End all faults; what is not completed yet is from now on."""
    for one in served:
        one.task.faults.clear()
        one.task.states = ("completed",)
        one.video.faults.clear()
