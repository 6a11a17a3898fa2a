"""A clock that is wrong, or is set while a run goes on: nothing depends on it but what is written down."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from archiver.batch.budget import Budget, Spending
from archiver.domain.outcome import Outcome
from archiver.runtime.clock import SystemClock
from tests.runs.running import as_json, look, options_for, run_ids
from tests.simulator import Service, Shape, make_clip
from tests.simulator.faults import Always, CloseBeforeHeaders, CutAfter

_FUTURE = datetime(2099, 1, 1, tzinfo=UTC)


async def test_an_archive_from_the_future_is_taken_as_it_is(service: Service, archive: Path) -> None:
    """The clock was ahead when it was written and has been set back: nothing is fetched again for it."""
    service.serve("g-1", shape=Shape(created_at="2099-01-01T00:00:00Z"))
    options = options_for(service, archive)
    await run_ids(options, "g-1")
    assert look(archive, "g-1").folder == archive / "generations/2099/01/g-1"
    _move_to_the_future(archive)
    asked = len(service.log)
    run = await run_ids(options, "g-1")
    assert run.results["g-1"].outcome is Outcome.UNCHANGED
    assert len(service.log) == asked


async def test_a_download_from_the_future_is_resumed(service: Service, archive: Path) -> None:
    """What can be trusted of it is a question of bytes, never of times."""
    clip = make_clip().padded_to(300_000)
    served = service.serve("g-1", clip, faults=[CutAfter(200_000), Always(CloseBeforeHeaders())])
    options = options_for(service, archive)
    assert (await run_ids(options, "g-1")).report.exit_code == 3
    _move_to_the_future(archive)
    served.video.faults.clear()
    before = service.log.media.body_bytes
    assert (await run_ids(options, "g-1")).report.exit_code == 0
    assert look(archive, "g-1").bytes_of("video") == clip.video.data
    assert service.log.media.body_bytes - before < 200_000


async def test_moments_are_written_in_utc_whatever_the_zone(service: Service, archive: Path) -> None:
    """A laptop travels; the archive does not care."""
    service.serve("g-1")
    began = datetime.now(UTC)
    await run_ids(options_for(service, archive), "g-1")
    text = as_json(look(archive, "g-1"))["archived_at"]
    assert isinstance(text, str)
    assert text.endswith("Z")
    assert timedelta(seconds=-1) < datetime.fromisoformat(text) - began < timedelta(seconds=60)


@dataclass(slots=True)
class SetBack(SystemClock):
    """A clock that is set back by a day at each look; `passed_s` is what really passed."""

    moment: datetime = _FUTURE
    passed_s: float = 0.0

    def now(self) -> datetime:
        """Return the clock's moment."""
        self.moment -= timedelta(days=1)
        return self.moment

    def monotonic_s(self) -> float:
        """Return what really passed."""
        return self.passed_s


def test_a_budget_of_time_counts_what_passes(tmp_path: Path) -> None:
    """`--max-duration 2h`, and the clock is set back meanwhile: the run ends after two hours."""
    clock = SetBack()
    spending = Spending(Budget(max_duration_s=7200), root=tmp_path, clock=clock, observer=lambda _event: None)
    clock.passed_s = 7199
    assert spending.used_up() is None
    clock.passed_s = 7200
    assert spending.used_up() == "2 h 0 min have passed (--max-duration)"


def _move_to_the_future(archive: Path) -> None:
    """Give every file and folder a time in the future, the folders last."""
    for path in sorted([archive, *archive.rglob("*")], reverse=True):
        os.utime(path, (_FUTURE.timestamp(), _FUTURE.timestamp()))
