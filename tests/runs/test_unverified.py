"""Files that `--no-verify` left: the next run without it looks into them where they lie."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec

from archiver.assembly.options import Options
from archiver.domain.identity import AssetName
from archiver.domain.outcome import Outcome
from archiver.domain.sidecar import encode_sidecar
from tests.runs.running import look, options_for, run_ids
from tests.simulator import Service


async def _left_unverified(service: Service, archive: Path) -> Options:
    """Archive `g-1` without a look, and return the options of a run that looks."""
    options = options_for(service, archive)
    await run_ids(replace(options, verify=False), "g-1")
    assert look(archive, "g-1").sidecar.verification == "unverified"
    return options


def _damage(path: Path) -> None:
    """Change the last bytes of a file, not its size."""
    path.write_bytes(path.read_bytes()[:-3] + b"abc")


async def test_a_file_that_was_damaged_meanwhile_is_not_called_verified(
    service: Service, archive: Path
) -> None:
    """Its bytes are held against their digest first; they are fetched again."""
    served = service.serve("g-1")
    options = await _left_unverified(service, archive)
    _damage(look(archive, "g-1").folder / "thumbnail.jpg")
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


async def test_unverified_files_are_decoded_where_that_is_asked_for(service: Service, archive: Path) -> None:
    """They are final then: no later run would do it."""
    service.serve("g-1")
    options = await _left_unverified(service, archive)
    await run_ids(replace(options, deep=True), "g-1")
    for name in ("video", "thumbnail"):
        assert "decode" in {check.name for check in look(archive, "g-1").record(name).checks}


async def test_one_that_is_not_wanted_and_damaged_is_fetched_all_the_same(
    service: Service, archive: Path
) -> None:
    """`--assets video` says what is missed; what was found to be damaged is mended."""
    served = service.serve("g-1")
    options = await _left_unverified(service, archive)
    _damage(look(archive, "g-1").folder / "thumbnail.jpg")
    run = await run_ids(replace(options, assets=frozenset({AssetName.VIDEO})), "g-1")
    assert run.report.exit_code == 0
    assert look(archive, "g-1").bytes_of("thumbnail") == served.thumbnail.body


async def test_an_answer_in_the_sidecar_that_cannot_be_read_is_asked_for_anew(
    service: Service, archive: Path
) -> None:
    """An import of files has none."""
    service.serve("g-1")
    options = await _left_unverified(service, archive)
    found = look(archive, "g-1")
    made = msgspec.structs.replace(found.sidecar, response=msgspec.Raw(b"null"))
    (found.folder / "sidecar.json").write_bytes(encode_sidecar(made))
    run = await run_ids(options, "g-1")
    assert run.report.exit_code == 0
    assert look(archive, "g-1").sidecar.verification == "verified"
