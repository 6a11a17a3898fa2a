"""Every fault of the API, over both engines: what is archived, what is said, how often it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from archiver.domain.outcome import GenerationResult, Outcome
from archiver.transport.options import HttpEngine
from tests.faults.api_faults import API_FAULTS, ApiFault
from tests.faults.crowd import Crowd, run_twice
from tests.runs.running import is_archived, look, options_for, run_ids, with_network
from tests.simulator import API_KEY, Served, Service
from tests.simulator.faults import Always, EndlessJson, ErrorObject, Fault, HtmlPage, Status

# Far more than they take together: a run that hangs fails here.
_PATIENCE_S = 60
_TIMEOUT_S = 3.0
# What the kernel's and the engines' buffers may take beyond what is read.
_BUFFERED_BYTES = 16_000_000
_ASSETS = frozenset({"video", "video_raw", "thumbnail", "last_frame"})


@pytest.fixture(
    scope="module", params=[HttpEngine.PYREQWEST, pytest.param(HttpEngine.HTTPX, marks=pytest.mark.slow)]
)
def crowds(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Crowd]:
    """Run all rows, at once but for those that need a run of their own; by row."""
    folder = tmp_path_factory.mktemp("api")
    together = [fault for fault in API_FAULTS if not fault.alone]
    groups = [together, *([fault] for fault in API_FAULTS if fault.alone)]
    return asyncio.run(_run_all(HttpEngine(request.param), groups, folder))


async def _run_all(
    engine: HttpEngine, groups: Sequence[Sequence[ApiFault]], folder: Path
) -> dict[str, Crowd]:
    async with asyncio.timeout(_PATIENCE_S):
        runs = [_run(engine, group, folder / group[0].name / "archive") for group in groups]
        crowds = await asyncio.gather(*runs)
    return {fault.name: crowd for group, crowd in zip(groups, crowds, strict=True) for fault in group}


async def _run(engine: HttpEngine, faults: Sequence[ApiFault], archive: Path) -> Crowd:
    await asyncio.to_thread(archive.parent.mkdir)
    async with Service() as service:
        served = {fault.name: _serve(service, fault) for fault in faults}
        options = options_for(service, archive, engine)
        options = with_network(options, api_timeout_s=_TIMEOUT_S, stall_timeout_s=30.0)
        waits_s = 30.0 if len(faults[0].states) > 1 else 0.0
        return await run_twice(service, served, replace(options, wait_s=waits_s))


def _serve(service: Service, fault: ApiFault) -> Served:
    served = service.serve(fault.name, state=fault.states, shape=fault.shape)
    served.task.faults.extend(fault.faults(service))
    return served


@pytest.mark.parametrize("fault", API_FAULTS, ids=lambda fault: fault.name)
def test_an_api_fault_ends_in_an_archive_or_in_the_truth(crowds: dict[str, Crowd], fault: ApiFault) -> None:
    """No lie, no loss, no hang, and no question more than is needed."""
    crowd = crowds[fault.name]
    result = crowd.bad.results[fault.name]
    assert len(crowd.bad_log.to(f"/luma/generations/{fault.name}")) == fault.requests
    assert result.outcome is fault.outcome
    check_words(result, fault)
    match fault.outcome:
        case Outcome.ARCHIVED:
            check_whole(crowd.bad_archive, crowd.served[fault.name], _ASSETS - fault.shape.absent)
        case Outcome.INCOMPLETE:
            assert look(crowd.bad_archive, fault.name).files == {"sidecar.json"}
        case _:
            assert not is_archived(crowd.bad_archive, fault.name)
            assert crowd.good.results[fault.name].outcome is Outcome.ARCHIVED
            check_whole(crowd.good_archive, crowd.served[fault.name], _ASSETS)


def check_whole(archive: Path, served: Served, assets: frozenset[str]) -> None:
    """Hold the archive to what is served."""
    found = look(archive, served.task.id)
    assert set(found.sidecar.assets) == assets
    assert found.bytes_of("video") == served.video.body
    assert found.sidecar.verification == "verified"
    assert not list(archive.glob(f".partial/{served.task.id}/*"))


def check_words(result: GenerationResult, fault: ApiFault) -> None:
    """Hold the error to what every error for a person is held to."""
    error = result.error
    assert (error.kind if error else None) == fault.kind
    if error:
        assert fault.words in error.message
        assert error.message.isprintable()
        assert len(error.message) < 400
        assert API_KEY not in error.message


@pytest.mark.parametrize(
    ("name", "exit_code"), [("status-404", 3), ("retry-after-absurd", 3), ("a-state-nobody-knows", 0)]
)
def test_the_exit_codes_say_how_it_ended(crowds: dict[str, Crowd], name: str, exit_code: int) -> None:
    """What could not be resolved is 3; what is not ready yet is no failure."""
    assert crowds[name].bad.report.exit_code == exit_code


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
