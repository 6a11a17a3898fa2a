"""Faults in a row and at once: what resets the retries, what dies idle, what breaks together."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from archiver.domain.outcome import Outcome
from archiver.domain.sidecar import AssetStatus
from archiver.domain.timing import RetryPolicy
from archiver.transport.options import HttpEngine
from tests.faults.media_faults import HALF, clip
from tests.runs.running import leftovers, look, options_for, run_ids, with_network
from tests.simulator import Offers, Service, Shape, make_clip
from tests.simulator.faults import (
    Always,
    CutAfter,
    Fault,
    IdleClose,
    ResetAfter,
    ResetBeforeHeaders,
    StallAfter,
    Status,
    UntilClose,
)

TWO_RETRIES = RetryPolicy(retries=2, first_delay_s=0.001, longest_delay_s=0.01)
# How much further each try comes, beyond the bytes that are fetched again for comparison.
FURTHER = 14_000


@pytest.mark.parametrize(
    ("offers", "overlap"),
    [(Offers(), 1024), (Offers(etag=False, last_modified=False), 65_536)],
    ids=["validator", "no-validator"],
)
async def test_progress_resets_the_retry_count(
    service: Service, archive: Path, engine: HttpEngine, offers: Offers, overlap: int
) -> None:
    """Cut twenty times, a little further on each time: two retries are enough."""
    service.offers = offers
    served = service.serve("g-1", clip(), faults=[CutAfter(overlap + FURTHER)] * 20)
    run = await run_ids(with_network(options_for(service, archive, engine), retry=TWO_RETRIES), "g-1")
    assert run.report.exit_code == 0
    assert look(archive, "g-1").bytes_of("video") == served.video.body
    asked = service.log.to(served.video.path)
    assert len(asked) >= 16
    refetched = sum(exchange.body_bytes for exchange in asked) - len(served.video.body)
    assert refetched <= overlap * (len(asked) - 1)


async def test_without_progress_the_retries_run_out(
    service: Service, archive: Path, engine: HttpEngine
) -> None:
    """Cut at the same place each time: three tries, and the half is kept for another night."""
    faults = [CutAfter(100_000), Always(CutAfter(1024))]
    served = service.serve("g-1", clip(), faults=faults)
    run = await run_ids(with_network(options_for(service, archive, engine), retry=TWO_RETRIES), "g-1")
    assert run.report.exit_code == 3
    assert len(service.log.to(served.video.path)) == 3
    assert leftovers(archive) == [".partial/g-1/video.json", ".partial/g-1/video.part"]
    assert (archive / ".partial/g-1/video.part").stat().st_size == 100_000


async def test_a_connection_that_died_idle_costs_nothing(
    service: Service, archive: Path, engine: HttpEngine
) -> None:
    """Servers close what is idle, just as the next request is on its way: that is no try that failed."""
    ids = [f"g-{number}" for number in range(8)]
    for generation_id in ids:
        dying: list[Fault] = [IdleClose()]
        service.serve(generation_id, faults={"video_raw": dying, "thumbnail": dying, "api": dying})
    options = with_network(options_for(service, archive, engine), concurrency=1)
    run = await run_ids(with_network(options, retry=replace(TWO_RETRIES, retries=1)), *ids)
    assert run.report.exit_code == 0
    assert all(look(archive, name).sidecar.verification == "verified" for name in ids)
    assert len(service.log.to("/luma/generations/g-7")) <= 2


async def test_everything_under_way_breaks_at_once(
    service: Service, archive: Path, engine: HttpEngine
) -> None:
    """A line that drops breaks all transfers in the same moment; each goes on from where it was."""
    ids = [f"g-{number}" for number in range(16)]
    faults: list[list[Fault]] = [
        [ResetAfter(20_000), ResetBeforeHeaders()],
        [CutAfter(20_000), CutAfter(10_000)],
        [StallAfter(20_000)],
        [ResetBeforeHeaders(), UntilClose(20_000)],
    ]
    for number, generation_id in enumerate(ids):
        own = make_clip().padded_to(60_000, seed=number)
        service.serve(
            generation_id, own, faults={"video_raw": faults[number % 4], "thumbnail": [Status(500)]}
        )
    options = with_network(options_for(service, archive, engine), concurrency=8)
    run = await run_ids(options, *ids)
    assert run.report.exit_code == 0
    for number, generation_id in enumerate(ids):
        found = look(archive, generation_id)
        assert found.bytes_of("video") == make_clip().padded_to(60_000, seed=number).video.data
    assert service.media_in_flight.peak <= 8
    assert leftovers(archive) == []


async def test_one_dead_asset_does_not_take_the_others_with_it(
    service: Service, archive: Path, engine: HttpEngine
) -> None:
    """The archive keeps what can be had, and says of the rest why not."""
    served = service.serve("g-1", faults={"last_frame": [Always(ResetBeforeHeaders())]})
    run = await run_ids(options_for(service, archive, engine), "g-1")
    assert run.results["g-1"].outcome is Outcome.INCOMPLETE
    found = look(archive, "g-1")
    assert found.bytes_of("video") == served.video.body
    assert found.record("last_frame").status is AssetStatus.MISSING
    assert found.sidecar.verification == "incomplete"


async def test_a_flagged_file_is_kept_where_no_better_one_can_be_had(
    service: Service, archive: Path, engine: HttpEngine
) -> None:
    """`--retry-mismatched` on a bad day: the archive loses nothing, its record neither."""
    served = service.serve("g-1", clip(), faults=[Always(UntilClose(HALF))])
    options = replace(options_for(service, archive, engine), retry_mismatched=True)
    await run_ids(options, "g-1")
    before = look(archive, "g-1")
    served.video.faults.clear()
    served.video.faults.append(Always(Status(500)))
    run = await run_ids(options, "g-1")
    assert run.report.exit_code == 4
    assert look(archive, "g-1").sidecar.assets == before.sidecar.assets
    served.video.faults.clear()
    assert (await run_ids(options, "g-1")).report.exit_code == 0
    assert look(archive, "g-1").bytes_of("video") == served.video.body


async def test_a_flagged_file_gives_way_to_nothing_worse(
    service: Service, archive: Path, engine: HttpEngine
) -> None:
    """A whole clip of other sides than were promised; asked again, the host sends half of one."""
    other = {"width": 7}
    served = service.serve("g-1", clip(), shape=Shape(changes={"video": other, "video_raw": other}))
    options = replace(options_for(service, archive, engine), retry_mismatched=True)
    assert (await run_ids(options, "g-1")).report.exit_code == 4
    before = look(archive, "g-1")
    served.video.faults.append(Always(UntilClose(HALF)))
    run = await run_ids(options, "g-1")
    assert run.report.exit_code == 4
    assert look(archive, "g-1").sidecar.assets == before.sidecar.assets
    assert look(archive, "g-1").bytes_of("video") == served.video.body


async def test_an_answer_that_lost_the_video_takes_none_away(
    service: Service, archive: Path, engine: HttpEngine
) -> None:
    """The thumbnail is fetched on another day, when the service knows of no video any more."""
    served = service.serve("g-1", faults={"thumbnail": [Always(Status(500))]})
    options = options_for(service, archive, engine)
    await run_ids(options, "g-1")
    served.thumbnail.faults.clear()
    served.task.shape = Shape(absent=frozenset({"video", "video_raw"}))
    run = await run_ids(options, "g-1")
    assert run.report.exit_code == 0
    found = look(archive, "g-1")
    assert found.sidecar.verification == "verified"
    assert found.bytes_of("video") == served.video.body
    assert found.bytes_of("thumbnail") == served.thumbnail.body


async def test_a_date_in_retry_after_is_waited_for(
    service: Service, archive: Path, engine: HttpEngine
) -> None:
    """RFC 9110 §10.2.3 allows seconds or a date; dates have whole seconds."""
    moment = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=2)
    left_s = (moment - datetime.now(UTC)).total_seconds()
    due_s = asyncio.get_running_loop().time() + left_s
    served = service.serve("g-1", faults=[Status(503, retry_after=moment)])
    run = await run_ids(options_for(service, archive, engine), "g-1")
    assert run.report.exit_code == 0
    _, second = service.log.to(served.video.path)
    assert second.time_s >= due_s - 0.01


async def test_nothing_hangs_when_everything_is_silent(
    service: Service, archive: Path, engine: HttpEngine
) -> None:
    """All files of four generations stall for ever: the run ends, and keeps what came."""
    ids = [f"g-{number}" for number in range(4)]
    for generation_id in ids:
        dead: list[Fault] = [Always(StallAfter(500))]
        service.serve(generation_id, faults={"video_raw": dead, "thumbnail": dead, "last_frame": dead})
    options = with_network(options_for(service, archive, engine), stall_timeout_s=0.2, retry=TWO_RETRIES)
    async with asyncio.timeout(20):
        run = await run_ids(options, *ids)
    assert run.report.exit_code == 3
    assert run.report.tally.counts[Outcome.INCOMPLETE] == 4
    assert all(set(look(archive, name).files) == {"sidecar.json"} for name in ids)
    assert len(leftovers(archive)) == 2 * 3 * len(ids)
