"""Progress in a log: sparse, and never without an event."""

from __future__ import annotations

from archiver.cli.plain import Heartbeat
from archiver.domain.events import BytesReceived
from archiver.domain.outcome import Outcome
from tests.cli.samples import HandClock, finished, report


def test_a_heartbeat_comes_at_most_every_ten_seconds_and_tells_how_far_the_run_is() -> None:
    """Thousands of events make a handful of lines."""
    lines: list[str] = []
    clock = HandClock()
    heartbeat = Heartbeat(lines.append, clock)
    for _ in range(100):
        clock.seconds += 0.125
        heartbeat(BytesReceived(1_000_000))
    heartbeat(finished(Outcome.ARCHIVED))
    heartbeat.finish(report())
    assert lines == ["progress after 10 s: 0 generations done, 80.0 MB fetched, 8.0 MB/s"]


def test_the_pauses_grow_to_five_minutes() -> None:
    """A night's log can be read in the morning."""
    told_s: list[float] = []
    clock = HandClock()
    heartbeat = Heartbeat(lambda _line: told_s.append(clock.seconds), clock)
    for _ in range(8 * 3600):
        clock.seconds += 1
        heartbeat(BytesReceived(1))
    assert 90 < len(told_s) < 110
    assert told_s[-1] - told_s[-2] == 300
