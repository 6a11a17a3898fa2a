"""Every media fault, over both engines: what is on disk, what is said, and how often the host was asked."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from archiver.assembly.options import Options
from archiver.domain.outcome import Outcome
from archiver.domain.sidecar import AssetStatus
from archiver.domain.transfer import OVERLAP_UNDER_VALIDATOR_BYTES
from archiver.transport.options import HttpEngine
from tests.faults.crowd import Crowd, run_twice
from tests.faults.media_faults import HALF, LIMIT, MEDIA_FAULTS, SIZE, End, MediaFault, clip
from tests.runs.running import look, options_for, with_network
from tests.simulator import Served, Service

# Far more than they take together: a run that hangs fails here.
_PATIENCE_S = 60
# Shorter than the slow body takes.
_STALL_S = 1.5


@pytest.fixture(
    scope="module", params=[HttpEngine.PYREQWEST, pytest.param(HttpEngine.HTTPX, marks=pytest.mark.slow)]
)
def crowd(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Crowd:
    """Run all rows at once, each with a media host of its own."""
    archive = tmp_path_factory.mktemp("media") / "archive"
    return asyncio.run(_run_all(HttpEngine(request.param), archive))


async def _run_all(engine: HttpEngine, archive: Path) -> Crowd:
    async with Service() as service, asyncio.timeout(_PATIENCE_S):
        served = {fault.name: _serve(service, fault) for fault in MEDIA_FAULTS}
        return await run_twice(service, served, _options(service, archive, engine))


def _serve(service: Service, fault: MediaFault) -> Served:
    service.media_base, service.offers = service.listen(), fault.offers
    return service.serve(fault.name, clip(), faults=fault.faults(service))


def _options(service: Service, archive: Path, engine: HttpEngine) -> Options:
    options = replace(options_for(service, archive, engine), max_asset_size=LIMIT)
    return with_network(options, stall_timeout_s=_STALL_S, api_timeout_s=30.0)


@pytest.mark.parametrize("fault", MEDIA_FAULTS, ids=lambda fault: fault.name)
def test_a_media_fault_ends_whole_or_in_the_truth(crowd: Crowd, fault: MediaFault) -> None:
    """No lie, no loss, no hang, and no request more than is needed."""
    served = crowd.served[fault.name]
    assert len(crowd.bad_log.to(served.video.path)) == fault.requests
    found = look(crowd.bad_archive, fault.name)
    assert found.bytes_of("thumbnail") == served.thumbnail.body
    assert found.record("last_frame").status is AssetStatus.VERIFIED
    match fault.end:
        case End.WHOLE:
            assert crowd.bad.results[fault.name].outcome is Outcome.ARCHIVED
            check_whole(crowd.bad_archive, served)
        case End.MISMATCHED:
            assert crowd.bad.results[fault.name].outcome is Outcome.MISMATCHED
            assert found.record("video").status is AssetStatus.MISMATCHED
            assert kept_of(crowd.bad_archive, fault.name) == set()
        case End.MISSING:
            check_truth(crowd, fault)
            assert crowd.good.results[fault.name].outcome is Outcome.ARCHIVED
            check_whole(crowd.good_archive, served)


def check_whole(archive: Path, served: Served) -> None:
    """Hold the archive to what is served: the right bytes, verified, and nothing besides."""
    found = look(archive, served.task.id)
    assert found.bytes_of("video") == served.video.body
    assert found.sidecar.verification == "verified"
    assert found.files == {"video.mp4", "video_raw.mp4", "thumbnail.jpg", "last_frame.jpg", "sidecar.json"}
    assert kept_of(archive, served.task.id) == set()


def check_truth(crowd: Crowd, fault: MediaFault) -> None:
    """Hold the archive to what could be had: nothing of the video under a final name, and why."""
    found = look(crowd.bad_archive, fault.name)
    assert found.files == {"thumbnail.jpg", "last_frame.jpg", "sidecar.json"}
    record = found.record("video")
    assert record.status is AssetStatus.MISSING
    assert record.error is not None
    assert record.error.kind == fault.kind
    result = crowd.bad.results[fault.name]
    assert result.outcome is Outcome.INCOMPLETE
    assert result.error is not None
    assert record.error.message in result.error.message
    assert result.error.message.isprintable()
    assert kept_of(crowd.bad_archive, fault.name) == ({"video.part", "video.json"} if fault.keeps else set())


def kept_of(archive: Path, generation_id: str) -> set[str]:
    """Return what is kept aside of a generation."""
    return {path.name for path in archive.glob(f".partial/{generation_id}/*")}


def test_the_exit_codes_say_how_it_ended(crowd: Crowd) -> None:
    """3 wins over 4; in the second run all that was missing came, and what is flagged is final."""
    assert crowd.bad.report.exit_code == 3
    assert crowd.good.report.exit_code == 0
    assert not (crowd.good_archive / ".partial").exists()


def test_what_is_kept_of_a_video_is_not_fetched_again(crowd: Crowd) -> None:
    """The host dies after half of a file: the next night fetches the other half."""
    (fault,) = (row for row in MEDIA_FAULTS if row.keeps)
    rest = SIZE - HALF + OVERLAP_UNDER_VALIDATOR_BYTES
    assert crowd.good.results[fault.name].bytes_fetched == SIZE - HALF
    served = crowd.served[fault.name]
    assert [(e.status, e.body_bytes) for e in crowd.good_log.to(served.video.path)] == [(206, rest)]
