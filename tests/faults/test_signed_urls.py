"""URLs that run out: before they are used, midway, for all assets of a generation at once."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from archiver.domain.outcome import Outcome
from archiver.domain.sidecar import AssetStatus
from archiver.domain.transfer import OVERLAP_UNDER_VALIDATOR_BYTES
from archiver.transport.options import HttpEngine
from tests.faults.media_faults import HALF, SIZE, clip
from tests.faults.oddities import SpentUrl
from tests.runs.running import leftovers, look, options_for, run_ids, with_network
from tests.simulator import Served, Service, Shape
from tests.simulator.faults import Always, CutAfter, Fault, HtmlPage, OtherId, Raw, Status

_COMPACT = "%Y%m%dT%H%M%SZ"
Signer = Callable[[datetime], str]


def _sigv4(prefix: str) -> Signer:
    return lambda moment: f"{prefix}-Date={moment - timedelta(hours=1):{_COMPACT}}&{prefix}-Expires=3600"


# Each writes the query of a URL that runs out at a moment.
SIGNERS: dict[str, Signer] = {
    "amz": _sigv4("X-Amz"),
    "goog": _sigv4("X-Goog"),
    "unix-expires": lambda moment: f"Expires={int(moment.timestamp())}&Signature=abc",
    "azure-se": lambda moment: f"se={moment:%Y-%m-%dT%H%%3A%M%%3A%SZ}&sig=abc",
}
SPENT = [401, 403, 404, 410]


def _serve_signed(service: Service, signed: Mapping[str, str]) -> dict[str, Served]:
    """Serve a video for each query: the first answer's URL has it, later ones none."""
    served = {name: service.serve(name) for name in signed}
    for name, query in signed.items():
        url = f"{served[name].task.links['video_raw'].url}?{query}"
        answer = {"id": name, "state": "completed", "video_raw": {"url": url}}
        served[name].task.faults.append(Raw(json.dumps(answer).encode()))
    return served


async def test_a_url_with_under_two_minutes_left_is_resolved_afresh_before_use(
    service: Service, archive: Path, engine: HttpEngine
) -> None:
    """It would run out on the way; asking first costs one question and no refusal."""
    moment = datetime.now(UTC) + timedelta(seconds=90)
    served = _serve_signed(service, {name: sign(moment) for name, sign in SIGNERS.items()})
    run = await run_ids(options_for(service, archive, engine), *served)
    assert run.report.exit_code == 0
    assert len(service.log.api) == 2 * len(SIGNERS)
    assert {exchange.target for exchange in service.log.media} == {one.video.path for one in served.values()}
    assert len(service.log.media) == len(SIGNERS)


async def test_a_url_with_more_time_left_is_used_as_it_is(
    service: Service, archive: Path, engine: HttpEngine
) -> None:
    """The API is not asked for what is good already."""
    moment = datetime.now(UTC) + timedelta(seconds=180)
    queries = {name: sign(moment) for name, sign in SIGNERS.items()}
    served = _serve_signed(service, queries)
    run = await run_ids(options_for(service, archive, engine), *served)
    assert run.report.exit_code == 0
    assert len(service.log.api) == len(SIGNERS)
    used = sorted(exchange.target for exchange in service.log.media)
    assert used == sorted(f"{served[name].video.path}?{query}" for name, query in queries.items())


async def test_a_refused_url_is_resolved_afresh_once_for_all_assets(
    service: Service, archive: Path, engine: HttpEngine
) -> None:
    """Single flight: three files are refused together, the API is asked once more, all three come."""
    for status in SPENT:
        refused = {name: [Status(status)] for name in ("video_raw", "thumbnail", "last_frame")}
        service.serve(f"g-{status}", shape=Shape(signed=True), faults=refused)
    ids = [f"g-{status}" for status in SPENT]
    run = await run_ids(options_for(service, archive, engine), *ids)
    assert run.report.exit_code == 0
    assert [len(service.log.to(f"/luma/generations/{name}")) for name in ids] == [2] * len(ids)
    assert len(service.log.media) == 6 * len(ids)
    assert all(look(archive, name).sidecar.verification == "verified" for name in ids)
    assert run.retries == []


async def test_a_url_that_is_refused_afresh_too_is_left(
    service: Service, archive: Path, engine: HttpEngine
) -> None:
    """The file is gone: two questions, two requests, and the truth."""
    served = {
        status: service.serve(f"g-{status}", shape=Shape(signed=True), faults=[Always(Status(status))])
        for status in SPENT
    }
    run = await run_ids(options_for(service, archive, engine), *(f"g-{status}" for status in SPENT))
    assert run.report.exit_code == 3
    assert len(service.log.api) == 2 * len(SPENT)
    for status, one in served.items():
        assert service.log.to(one.video.path).statuses == [status, status]
        found = look(archive, f"g-{status}")
        assert found.record("video").status is AssetStatus.MISSING
        assert found.record("thumbnail").status is AssetStatus.VERIFIED
    assert leftovers(archive) == []


async def test_a_half_is_continued_under_the_fresh_url(
    service: Service, archive: Path, engine: HttpEngine
) -> None:
    """The URL runs out between two tries: the bytes that came are of the same file."""
    served = service.serve("g-1", clip(), shape=Shape(signed=True), faults=[CutAfter(HALF), SpentUrl()])
    run = await run_ids(options_for(service, archive, engine), "g-1")
    assert run.report.exit_code == 0
    assert look(archive, "g-1").bytes_of("video") == served.video.body
    asked = service.log.to(served.video.path)
    assert asked.statuses == [200, 403, 206]
    assert len({exchange.target for exchange in asked}) == 2
    assert asked[-1].body_bytes == SIZE - HALF + OVERLAP_UNDER_VALIDATOR_BYTES
    assert len(service.log.api) == 2


async def test_a_half_is_continued_under_a_fresh_url_on_the_next_day(
    service: Service, archive: Path, engine: HttpEngine
) -> None:
    """A run's end does not matter: the journal knows the file by its URL without the signature."""
    served = service.serve(
        "g-1", clip(), shape=Shape(signed=True), faults=[CutAfter(HALF), Always(Status(500))]
    )
    options = options_for(service, archive, engine)
    assert (await run_ids(options, "g-1")).report.exit_code == 3
    served.video.faults.clear()
    service.revoke("g-1")
    service.log.clear()
    assert (await run_ids(options, "g-1")).report.exit_code == 0
    assert look(archive, "g-1").bytes_of("video") == served.video.body
    assert service.log.media.statuses == [206]


@pytest.mark.parametrize("fault", [HtmlPage(), Status(500), OtherId()], ids=["html", "500", "other-id"])
async def test_an_api_that_fails_when_asked_afresh_loses_no_asset_but_the_spent_one(
    service: Service, archive: Path, engine: HttpEngine, fault: Fault
) -> None:
    """Asking again is a try; what it fails with is not the asset's reason, which stays the refusal."""
    served = service.serve("g-1", faults={"video_raw": [Always(Status(403))]})
    service.api_faults.extend([Fault(), Always(fault)])
    run = await run_ids(options_for(service, archive, engine), "g-1")
    assert run.results["g-1"].outcome is Outcome.INCOMPLETE
    found = look(archive, "g-1")
    assert found.record("thumbnail").status is AssetStatus.VERIFIED
    error = found.record("video").error
    assert error is not None
    assert "HTTP 403" in error.message
    assert len(service.log.to(served.video.path)) == 1


async def test_a_generation_that_went_back_keeps_the_urls_it_had(
    service: Service, archive: Path, engine: HttpEngine
) -> None:
    """Asked afresh, the API says `processing`: what it promised before is fetched all the same."""
    served = service.serve("g-1", state=("completed", "processing"), faults=[Status(403)])
    run = await run_ids(options_for(service, archive, engine), "g-1")
    assert run.results["g-1"].outcome is Outcome.INCOMPLETE
    assert look(archive, "g-1").record("last_frame").status is AssetStatus.VERIFIED
    assert served.task.answers == 2


async def test_urls_are_resolved_late(service: Service, archive: Path, engine: HttpEngine) -> None:
    """A queue of thousands waits for hours: the last one's URL must not be as old as the queue."""
    ids = [f"g-{number}" for number in range(60)]
    for generation_id in ids:
        service.serve(generation_id, shape=Shape(signed=True))
    options = with_network(options_for(service, archive, engine), concurrency=2)
    assert (await run_ids(options, *ids)).report.exit_code == 0
    kinds = ["api" if exchange.is_api else "media" for exchange in service.log]
    for index in range(len(kinds)):
        asked = kinds[: index + 1].count("api")
        fetched = kinds[: index + 1].count("media")
        # Two are in flight and eight are being verified; each has three files.
        assert asked - fetched / 3 <= 12
    assert len(service.log.api) == len(ids)
