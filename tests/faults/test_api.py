"""Every fault of the API, over both engines: what is archived, what is said, how often it was asked."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from archiver.domain.outcome import Outcome
from archiver.transport.options import HttpEngine
from tests.faults.api_faults import API_FAULTS, ApiFault
from tests.runs.running import Run, is_archived, leftovers, look, options_for, run_ids, with_network
from tests.simulator import API_KEY, Served, Service
from tests.simulator.faults import Always, EndlessJson, ErrorObject, Fault, HtmlPage, Status

_PATIENCE_S = 20
_EXIT_CODES = {Outcome.ARCHIVED: 0, Outcome.PENDING: 0, Outcome.INCOMPLETE: 3, Outcome.ERROR: 3}
# What the kernel's and the engines' buffers may take beyond what is read.
_BUFFERED_BYTES = 16_000_000


@pytest.mark.parametrize("fault", API_FAULTS, ids=lambda fault: fault.name)
async def test_an_api_fault_ends_in_an_archive_or_in_the_truth(
    service: Service, archive: Path, engine: HttpEngine, fault: ApiFault
) -> None:
    """No lie, no loss, no hang, and no question more than is needed."""
    served = service.serve("g-1", state=fault.states, shape=fault.shape)
    served.task.faults.extend(fault.faults(service))
    waits = 30.0 if "completed" in fault.states else 0.0
    options = replace(options_for(service, archive, engine), wait_s=waits)
    async with asyncio.timeout(_PATIENCE_S):
        run = await run_ids(options, "g-1")
    assert len(service.log.api) == fault.requests
    assert run.results["g-1"].outcome is fault.outcome
    assert run.report.exit_code == _EXIT_CODES[fault.outcome]
    check_words(run, fault)
    if fault.outcome is Outcome.ARCHIVED:
        check_whole(archive, served, absent=fault.shape.absent)
    elif fault.outcome is not Outcome.INCOMPLETE:
        assert not is_archived(archive, "g-1")
        served.task.faults.clear()
        served.task.states = ("completed",)
        assert (await run_ids(options, "g-1")).report.exit_code == 0
        check_whole(archive, served)


def check_whole(archive: Path, served: Served, absent: frozenset[str] = frozenset()) -> None:
    """Hold the archive to what is served."""
    found = look(archive, served.task.id)
    assert {str(name) for name in found.sidecar.assets} == {
        "video",
        "video_raw",
        "thumbnail",
        "last_frame",
    } - absent
    assert found.bytes_of("video") == served.video.body
    assert found.sidecar.verification == "verified"
    assert leftovers(archive) == []


def check_words(run: Run, fault: ApiFault) -> None:
    """Hold the error to what every error for a person is held to."""
    error = run.results["g-1"].error
    assert (error.kind if error else None) == fault.kind
    if error:
        assert fault.words in error.message
        assert error.message.isprintable()
        assert len(error.message) < 400
        assert API_KEY not in error.message


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize(
    "body", [b'{"error": {"message": "invalid token"}}', b"<html>no</html>"], ids=["json", "html"]
)
async def test_a_refused_key_ends_the_run_at_once(
    service: Service, archive: Path, engine: HttpEngine, status: int, body: bytes
) -> None:
    """Fifty generations, one question: a key that was withdrawn must not look like an attack."""
    service.api_faults.append(Always(Status(status, body=body)))
    ids = [f"g-{number}" for number in range(50)]
    run = await run_ids(options_for(service, archive, engine), *ids)
    assert run.report.exit_code == 12
    assert run.report.error is not None
    assert f"HTTP {status}" in run.report.error.message
    assert API_KEY not in run.report.error.message
    assert len(service.log.api) == 1


async def test_a_key_withdrawn_midway_ends_the_run_after_a_handful(
    service: Service, archive: Path, engine: HttpEngine
) -> None:
    """What was archived stays; those questions that are under way already may still come."""
    ids = [f"g-{number}" for number in range(50)]
    for generation_id in ids:
        service.serve(generation_id)
    service.api_faults.extend([Fault()] * 10 + [Always(Status(401))])
    run = await run_ids(options_for(service, archive, engine), *ids)
    assert run.report.exit_code == 12
    assert 11 <= len(service.log.api) <= 20
    archived = [generation_id for generation_id in ids if is_archived(archive, generation_id)]
    assert all(look(archive, name).sidecar.verification == "verified" for name in archived)


async def test_a_redirect_does_not_take_the_key_along(
    service: Service, archive: Path, engine: HttpEngine
) -> None:
    """Not even to another port of the same host; the words say what to do."""
    (fault,) = (row for row in API_FAULTS if row.name == "redirect-to-another-host")
    service.serve("g-1", faults={"api": list(fault.faults(service))})
    await run_ids(options_for(service, archive, engine), "g-1")
    first, second = service.log.api
    assert first.headers["authorization"].endswith(API_KEY)
    assert "authorization" not in second.headers


async def test_an_endless_answer_is_left_as_soon_as_it_is_too_long(
    service: Service, archive: Path, engine: HttpEngine
) -> None:
    """Eight megabytes are read and no more, for each of three that never end."""
    service.api_faults.append(Always(EndlessJson()))
    run = await run_ids(options_for(service, archive, engine), "g-1", "g-2", "g-3")
    assert run.report.tally.counts[Outcome.ERROR] == 3
    assert service.log.api.body_bytes < 3 * (8_000_000 + _BUFFERED_BYTES)


async def test_the_services_own_words_are_passed_on_with_the_key_masked(
    service: Service, archive: Path, engine: HttpEngine
) -> None:
    """Some relays repeat the key in their messages; sidecars and logs must not hold it."""
    service.api_faults.append(Always(ErrorObject(f"key {API_KEY} has no balance\x1b[2J", status=402)))
    run = await run_ids(options_for(service, archive, engine), "g-1")
    error = run.results["g-1"].error
    assert error is not None
    assert error.message == "the service refused (HTTP 402): key *** has no balance [2J"


async def test_many_questions_broken_at_once_are_all_answered_in_the_end(
    service: Service, archive: Path, engine: HttpEngine
) -> None:
    """A gateway that restarts breaks everything that is under way."""
    ids = [f"g-{number}" for number in range(20)]
    for generation_id in ids:
        service.serve(generation_id, faults={"api": [HtmlPage(502), Status(500)]})
    options = with_network(options_for(service, archive, engine), concurrency=8)
    run = await run_ids(options, *ids)
    assert run.report.exit_code == 0
    assert len(service.log.api) == 3 * len(ids)
    assert service.api_in_flight.peak <= 4
