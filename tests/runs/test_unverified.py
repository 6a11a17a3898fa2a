"""Files that `--no-verify` left: the next run without it looks into them where they lie."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from archiver.assembly.options import Options
from archiver.domain.outcome import Outcome
from tests.runs.running import look, options_for, run_ids
from tests.simulator import Service, Shape


async def _left_unverified(service: Service, archive: Path) -> Options:
    """Archive `g-1` without a look, and return the options of a run that looks."""
    options = options_for(service, archive)
    await run_ids(replace(options, verify=False), "g-1")
    assert look(archive, "g-1").sidecar.verification == "unverified"
    return options


async def test_a_file_that_was_damaged_meanwhile_is_not_called_verified(
    service: Service, archive: Path
) -> None:
    """Its bytes are held against their digest first; they are fetched again."""
    served = service.serve("g-1")
    options = await _left_unverified(service, archive)
    path = look(archive, "g-1").folder / "thumbnail.jpg"
    path.write_bytes(path.read_bytes()[:-3] + b"abc")
    run = await run_ids(options, "g-1")
    assert run.results["g-1"].outcome is Outcome.ARCHIVED
    assert look(archive, "g-1").bytes_of("thumbnail") == served.thumbnail.body


async def test_the_service_need_not_know_it_any_more(service: Service, archive: Path) -> None:
    """What was promised stands in the sidecar: nobody is asked."""
    service.serve("g-1")
    options = await _left_unverified(service, archive)
    asked = len(service.log.api)
    service.serve("g-1", state="failed")
    run = await run_ids(options, "g-1")
    assert (run.results["g-1"].outcome, len(service.log.api)) == (Outcome.ARCHIVED, asked)
    assert look(archive, "g-1").sidecar.verification == "verified"


async def test_they_are_decoded_where_that_is_asked_for(service: Service, archive: Path) -> None:
    """They are final then: no later run would do it."""
    service.serve("g-1")
    options = await _left_unverified(service, archive)
    await run_ids(replace(options, deep=True), "g-1")
    for name in ("video", "thumbnail"):
        assert "decode" in {check.name for check in look(archive, "g-1").record(name).checks}


async def test_a_mismatch_that_failed_upstream_since_stays_what_it_is(
    service: Service, archive: Path
) -> None:
    """All its files are there: there is no rest that will not come."""
    service.serve("g-1", shape=Shape(changes={"thumbnail": {"width": 7}}))
    options = replace(options_for(service, archive), retry_mismatched=True)
    assert (await run_ids(options, "g-1")).report.exit_code == 4
    before = look(archive, "g-1").sidecar
    service.serve("g-1", state="failed")
    run = await run_ids(options, "g-1")
    assert (run.results["g-1"].outcome, run.report.exit_code) == (Outcome.MISMATCHED, 4)
    assert look(archive, "g-1").sidecar == before
