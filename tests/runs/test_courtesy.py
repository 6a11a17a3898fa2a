"""A host that wants peace gets it: how many requests it sees, and that the run gets through."""

from __future__ import annotations

from pathlib import Path

from archiver.domain.courtesy import SLOW_AFTER, give_up_after
from archiver.domain.events import Noticed
from archiver.domain.outcome import Outcome
from tests.runs.running import QUICK, look, options_for, run_ids, with_network
from tests.simulator import Service
from tests.simulator.faults import Always, Status


async def test_retry_after_pauses_the_whole_api(service: Service, archive: Path) -> None:
    """One 429 with a pause: nobody asks before it has passed."""
    ids = [f"g-{number}" for number in range(6)]
    for generation_id in ids:
        service.serve(generation_id)
    service.api_faults.append(Status(429, retry_after=1))
    run = await run_ids(options_for(service, archive), *ids)
    assert run.report.exit_code == 0
    first, second, *_ = sorted(exchange.time_s for exchange in service.log.api)
    assert second - first >= 1


async def test_a_pause_that_is_too_long_is_not_waited_for(service: Service, archive: Path) -> None:
    """A day's pause for everybody: all is left for a later run, and soon nobody asks any more."""
    ids = [f"g-{number}" for number in range(40)]
    for generation_id in ids:
        service.serve(generation_id)
    service.api_faults.append(Always(Status(429, retry_after=86_400)))
    run = await run_ids(options_for(service, archive), *ids)
    assert run.report.exit_code == 3
    assert run.report.tally.counts[Outcome.ERROR] == 40
    # Those that are under way together count once; four are, at the API.
    assert len(service.log.api) <= 4 * (SLOW_AFTER + 1)


async def test_one_that_is_to_wait_too_long_leaves_the_others_theirs(service: Service, archive: Path) -> None:
    """It alone is left for a later run, whether the API or the media host asks for a day's pause."""
    later = Status(429, retry_after=86_400)
    service.api_faults.append(later)
    service.serve("g-media", faults=[Always(later)])
    for number in range(6):
        service.serve(f"g-{number}")
    first, *others = (f"g-{number}" for number in range(6))
    run = await run_ids(options_for(service, archive), first, *others, "g-media")
    counts = run.report.tally.counts
    assert (counts[Outcome.ERROR], counts[Outcome.INCOMPLETE], counts[Outcome.ARCHIVED]) == (1, 1, 5)


async def test_a_host_that_refuses_everybody_is_not_hammered(service: Service, archive: Path) -> None:
    """Forty generations meet an API that answers 503 to all: it sees few requests, then is left alone."""
    ids = [f"g-{number}" for number in range(40)]
    service.api_faults.append(Always(Status(503)))
    run = await run_ids(options_for(service, archive), *ids)
    assert run.report.tally.counts[Outcome.ERROR] == 40
    # What was under way when the last counted refusal came may come on top.
    assert len(service.log.api) <= give_up_after(QUICK) + 16
    assert any("refuses everybody" in event.message for event in run.events if isinstance(event, Noticed))


async def test_a_host_that_recovers_is_used_again(service: Service, archive: Path) -> None:
    """Some seconds of 503 cost some seconds, and no clip."""
    ids = [f"g-{number}" for number in range(12)]
    for generation_id in ids:
        service.serve(generation_id)
    service.api_faults.extend([Status(503)] * 5)
    run = await run_ids(options_for(service, archive), *ids)
    assert run.report.exit_code == 0
    assert all(look(archive, generation_id) for generation_id in ids)


async def test_a_dead_media_host_does_not_stop_the_others(service: Service, archive: Path) -> None:
    """One host is gone; what is elsewhere is archived all the same."""
    service.serve("g-good")
    base = service.media_base
    service.media_base = service.refusing_base()
    for number in range(10):
        service.serve(f"g-{number}")
    service.media_base = base
    run = await run_ids(with_network(options_for(service, archive)), *(f"g-{n}" for n in range(10)), "g-good")
    assert run.results["g-good"].outcome is Outcome.ARCHIVED
    assert run.report.tally.counts[Outcome.INCOMPLETE] == 10
