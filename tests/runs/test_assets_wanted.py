"""Which files are wanted: what nobody asked for is not missed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from archiver.domain.identity import AssetName
from archiver.domain.outcome import Outcome
from tests.runs.running import options_for, run_ids
from tests.simulator import Service, Shape


async def test_a_clip_that_nobody_asked_for_is_not_missed(service: Service, archive: Path) -> None:
    """Pictures alone are wanted, and the service has no clip: all that was asked for is there."""
    service.serve("g-1", shape=Shape(absent=frozenset({"video", "video_raw"})))
    options = replace(options_for(service, archive), assets=frozenset({AssetName.THUMBNAIL}))
    run = await run_ids(options, "g-1")
    assert (run.results["g-1"].outcome, run.report.exit_code) == (Outcome.ARCHIVED, 0)
    whole = await run_ids(options_for(service, archive), "g-1")
    assert whole.results["g-1"].outcome is Outcome.INCOMPLETE
