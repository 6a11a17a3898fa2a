"""`python -m tests.scale`: print the rate over a thousand generations and the memory over a million rows."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

from tests.scale.runs import measure_generations, measure_rows


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.scale", description=__doc__)
    parser.add_argument("--generations", type=int, default=1000)
    parser.add_argument("--rows", type=int, default=1_000_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="luma-archiver-scale-") as folder:
        asyncio.run(_measure(Path(folder), given.generations, given.rows))


async def _measure(folder: Path, generations: int, rows: int) -> None:
    found = await measure_generations(folder, generations)
    rates = " ".join(f"{rate:.0f}" for rate in found.rates)
    memory = f"at most {found.peak_mb:.0f} MB, and {found.workers_mb:.0f} MB in the workers"
    _say(f"{generations} generations: {rates} a second, by hundreds; {memory}")
    for count in (rows // 50, rows):
        began_s = time.monotonic()
        found = await measure_rows(folder, count)
        _say(f"{count} rows: {time.monotonic() - began_s:.1f} s; at most {found.peak_mb:.0f} MB")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
