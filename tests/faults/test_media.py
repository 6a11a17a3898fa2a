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
from tests.faults.media_faults import HALF, LIMIT, MEDIA_FAULTS, SIZE, End, MediaFault, clip
from tests.runs.running import Run, leftovers, look, options_for, run_ids, with_network
from tests.simulator import Served, Service

# Far more than any row takes: a run that hangs fails here.
_PATIENCE_S = 20
_EXIT_CODES = {End.WHOLE: 0, End.MISSING: 3, End.MISMATCHED: 4}


def _options(service: Service, archive: Path, engine: HttpEngine) -> Options:
    options = replace(options_for(service, archive, engine), max_asset_size=LIMIT)
    return with_network(options, stall_timeout_s=0.5)


async def _run(options: Options) -> Run:
    async with asyncio.timeout(_PATIENCE_S):
        return await run_ids(options, "g-1")


@pytest.mark.parametrize("fault", MEDIA_FAULTS, ids=lambda fault: fault.name)
async def test_a_media_fault_ends_whole_or_in_the_truth(
    service: Service, archive: Path, engine: HttpEngine, fault: MediaFault
) -> None:
    """No lie, no loss, no hang, and no request more than is needed."""
    service.offers = fault.offers
    served = service.serve("g-1", clip(), faults=fault.faults(service))
    options = _options(service, archive, engine)
    run = await _run(options)
    assert len(service.log.to(served.video.path)) == fault.requests
    assert run.report.exit_code == _EXIT_CODES[fault.end]
    found = look(archive, "g-1")
    assert found.bytes_of("thumbnail") == served.thumbnail.body
    assert found.record("last_frame").status is AssetStatus.VERIFIED
    match fault.end:
        case End.WHOLE:
            check_whole(archive, served)
        case End.MISMATCHED:
            assert run.results["g-1"].outcome is Outcome.MISMATCHED
            assert found.record("video").status is AssetStatus.MISMATCHED
            assert leftovers(archive) == []
        case End.MISSING:
            check_truth(archive, run, fault)
            served.video.faults.clear()
            assert (await _run(options)).report.exit_code == 0
            check_whole(archive, served)


def check_whole(archive: Path, served: Served) -> None:
    """Hold the archive to what is served: the right bytes, verified, and nothing besides."""
    found = look(archive, served.task.id)
    assert found.bytes_of("video") == served.video.body
    assert found.sidecar.verification == "verified"
    assert found.files == {"video.mp4", "video_raw.mp4", "thumbnail.jpg", "last_frame.jpg", "sidecar.json"}
    assert leftovers(archive) == []


def check_truth(archive: Path, run: Run, fault: MediaFault) -> None:
    """Hold the archive to what could be had: nothing of the video under a final name, and why."""
    found = look(archive, "g-1")
    assert found.files == {"thumbnail.jpg", "last_frame.jpg", "sidecar.json"}
    record = found.record("video")
    assert record.status is AssetStatus.MISSING
    assert record.error is not None
    assert record.error.kind == fault.kind
    result = run.results["g-1"]
    assert result.outcome is Outcome.INCOMPLETE
    assert result.error is not None
    assert record.error.message in result.error.message
    assert result.error.message.isprintable()
    assert bool(leftovers(archive)) is fault.keeps


async def test_what_is_kept_of_a_video_is_not_fetched_again(
    service: Service, archive: Path, engine: HttpEngine
) -> None:
    """The host dies after half of a file: the next night fetches the other half."""
    (fault,) = (row for row in MEDIA_FAULTS if row.name == "dead-after-half")
    served = service.serve("g-1", clip(), faults=fault.faults(service))
    options = _options(service, archive, engine)
    await _run(options)
    served.video.faults.clear()
    service.log.clear()
    await _run(options)
    check_whole(archive, served)
    assert service.log.media.statuses == [206]
    assert service.log.body_bytes - service.log.api.body_bytes == SIZE - HALF + OVERLAP_UNDER_VALIDATOR_BYTES
