"""`python -m tests.crash --kills 300`: kill so many runs; exit 1 if anything was broken by it."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from tests.crash.harness import Findings, Harness
from tests.simulator import Service


async def kill_runs(kills: int, folder: Path, *, seed: int) -> Findings:
    """Kill at least so many runs below `folder` and return what was found."""
    async with Service() as service:
        harness = Harness(service, folder, seed=seed)
        await harness.measure()
        while harness.findings.killed < kills and not harness.findings.broken:
            await harness.live()
            _show(harness.findings, kills)
    return harness.findings


def main() -> int:
    """Kill runs as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--kills", type=int, default=300, help="how many runs to kill (default: 300)")
    parser.add_argument("--seed", type=int, default=0, help="draws the kills (default: 0)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="luma-archiver-crash-") as folder:
        findings = asyncio.run(kill_runs(given.kills, Path(folder), seed=given.seed))
    kinds = ", ".join(f"{call} {count}" for call, count in findings.kills.most_common())
    others = f"{findings.full_disks} met a full disk, {findings.unreached} ended before they were disturbed"
    sys.stdout.write(f"{findings.killed} runs killed ({kinds}), {others}\n")
    for words in findings.broken:
        sys.stdout.write(f"BROKEN: {words}\n")
    return 1 if findings.broken else 0


def _show(findings: Findings, kills: int) -> None:
    end = "\r" if sys.stderr.isatty() else "\n"
    sys.stderr.write(f"{findings.killed} of {kills} killed, {findings.full_disks} met a full disk{end}")


if __name__ == "__main__":
    sys.exit(main())
