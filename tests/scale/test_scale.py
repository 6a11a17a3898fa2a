"""Many generations and many rows: neither memory nor time for each grows with their number."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scale.runs import measure_generations, measure_rows

# Archives hundreds of generations: `.ci/run` has the time.
pytestmark = pytest.mark.slow

# Noise makes single hundreds twice as slow; what grows with the number would make the last ones far slower.
_SLOWER_AT_MOST = 4
_LARGEST_MB = 250


async def test_the_rate_stays_the_same_and_the_memory_small(tmp_path: Path) -> None:
    """The contract of a nightly job: 250 MB at sixteen downloads at once, however long it runs."""
    found = await measure_generations(tmp_path, 301)
    assert found.code == 0
    assert len(found.rates) == 3
    assert found.rates[-1] > max(found.rates) / _SLOWER_AT_MOST
    assert found.peak_mb + found.workers_mb < _LARGEST_MB


async def test_ten_times_the_rows_take_the_same_memory(tmp_path: Path) -> None:
    """A manifest of a million rows streams; what is remembered of each is on disk."""
    few, many = await measure_rows(tmp_path, 10_000), await measure_rows(tmp_path, 100_000)
    assert few.code == many.code == 3
    assert many.peak_mb < 1.15 * few.peak_mb
