"""The benchmark of a night with nothing to do, small: what does not depend on the machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.made_archive import make_archive
from tests.benchmarks.night import BATCH, SYNC, measure_nights
from tests.runs.running import look

pytestmark = pytest.mark.slow

_COUNT = 60


async def test_a_night_with_nothing_to_do_asks_nobody_and_writes_nothing(tmp_path: Path) -> None:
    """Neither `sync` nor a `batch` of everything: index and ledger are all that changes."""
    archive = tmp_path / "archive"
    make_archive(archive, _COUNT)
    sync, batch = await measure_nights(archive, tmp_path, rounds=2)
    assert (sync.command, sync.unchanged, sync.asked, sync.wrong) == (SYNC, 0, 0, [])
    assert (batch.command, batch.unchanged, batch.asked, batch.wrong) == (BATCH, 2 * _COUNT, 0, [])
    assert all(peak_mb > 1 for peak_mb in (*sync.peaks_mb, *batch.peaks_mb))


async def test_the_benchmark_sees_a_night_that_has_something_to_do(tmp_path: Path) -> None:
    """A figure of a run that failed is none."""
    archive = tmp_path / "archive"
    make_archive(archive, 3)
    gone = next(archive.glob("generations/*/*/*/thumbnail.jpg"))
    found = look(archive, gone.parent.name)
    assert found.files >= {"video.mp4", "video_raw.mp4", "thumbnail.jpg", "last_frame.jpg"}
    await measure_nights(archive, tmp_path, rounds=1)
    gone.unlink()
    sync, batch = await measure_nights(archive, tmp_path, rounds=1)
    assert "sync ended with 3" in sync.wrong
    assert "batch ended with 3" in batch.wrong
    assert sync.asked == batch.asked == 1
