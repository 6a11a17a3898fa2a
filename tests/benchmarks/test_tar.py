"""The benchmark of shards can be run, on clips of nearly nothing."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.tar import measure


def test_shards_are_timed_beside_tar(tmp_path: Path) -> None:
    """What is claimed of speed can be measured by whoever doubts it; clips this small say nothing."""
    times = measure(tmp_path, count=2, size=1000, rounds=1)
    assert len(times.tar) == len(times.safe_tar) == len(times.export) == 1
    assert times.ratio > 0
    assert times.safe_ratio > 0
