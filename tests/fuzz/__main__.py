"""Run a campaign and report; the exit code is 1 where a file was not borne.

python -m tests.fuzz --count 20000
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

from tests.fuzz.campaign import CPU_S, WALL_S, Report, run


def main() -> int:
    """Run a campaign and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=20_000, help="how many files")
    parser.add_argument("--seed", type=int, default=0, help="another seed, other files")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the files that were not borne there")
    given = parser.parse_args()
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        report = asyncio.run(run(given.seed, given.count, Path(folder)))
    _tell(report, time.monotonic() - began_s)
    if given.keep:
        _keep(report, given.keep)
    return 1 if report.findings else 0


def _tell(report: Report, took_s: float) -> None:
    files = report.verdicts.total()
    counts = ", ".join(f"{count} {verdict}" for verdict, count in report.verdicts.most_common())
    print(f"{files} files in {took_s:.0f} s: {counts}")  # noqa: T201 - this is its output
    print(f"slowest: {report.slowest}, {report.slowest_s:.2f} s (limits: {CPU_S} s, {WALL_S:.0f} s)")  # noqa: T201 - as above
    print(f"most memory of a worker: {report.most_memory_bytes >> 20} MiB")  # noqa: T201 - as above
    print(f"crashes, hangs, memory over the limit: {len(report.findings)}")  # noqa: T201 - as above
    for finding in report.findings:
        print(f"  {finding.case.number} ({finding.case.name}): {finding.reason}")  # noqa: T201 - as above


def _keep(report: Report, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for finding in report.findings:
        (folder / str(finding.case.number)).write_bytes(finding.case.data)


if __name__ == "__main__":
    sys.exit(main())
