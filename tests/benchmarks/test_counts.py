"""How much work a generation is, in counts that no noise changes; seconds are for the benchmarks."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.ceilings import CEILINGS
from tests.benchmarks.counts import can_trace, count_run
from tests.simulator import Recipe, Service, make_clip

_GENERATIONS = 40
_VIDEO_BYTES = 2_000_000


async def test_a_generation_takes_no_more_work_than_it_did(service: Service, tmp_path: Path) -> None:
    """What makes a run slower shows here first: one more request, open, sync or write for each generation."""
    if not can_trace():
        pytest.skip("system calls cannot be traced here: strace is missing, or ptrace(2) is not allowed")
    ids = [f"g-{number:02}" for number in range(_GENERATIONS)]
    for number, each in enumerate(ids):
        service.serve(each, make_clip(Recipe(seed=number)).padded_to(_VIDEO_BYTES, seed=number))
    counts = await count_run(service, tmp_path, ids)
    exceeded = {
        what: f"{counts[what]} where at most {ceiling.most} are allowed: {ceiling.reason}"
        for what, ceiling in CEILINGS.items()
        if not ceiling.admits(counts[what])
    }
    assert exceeded == {}, dict(counts)
