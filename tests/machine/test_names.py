"""A generation's place that another one's files have taken: nothing of theirs is touched."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from archiver.domain.outcome import Outcome
from tests.runs.running import look, options_for, run_ids
from tests.simulator import Service


async def test_a_folder_with_another_generations_sidecar_is_left_alone(
    service: Service, archive: Path
) -> None:
    """`ABC` and `abc` share a folder on many a disk; and people copy folders."""
    for name in ("abc", "ABC", "other"):
        service.serve(name)
    options = options_for(service, archive)
    await run_ids(options, "abc")
    standing = look(archive, "abc")
    taken = shutil.copytree(standing.folder, standing.folder.with_name("ABC"))
    before = {path.name: path.read_bytes() for path in taken.iterdir()}
    run = await run_ids(options, "ABC", "other")
    result = run.results["ABC"]
    assert result.outcome is Outcome.ERROR
    assert result.error
    assert result.error.kind == "other_generation"
    assert "is about another generation, 'abc'" in result.error.message
    assert {path.name: path.read_bytes() for path in taken.iterdir()} == before
    assert look(archive, "abc").sidecar == standing.sidecar
    assert run.results["other"].outcome is Outcome.ARCHIVED
    assert run.report.exit_code == 3


async def test_ids_that_differ_by_case_alone_are_two_generations(service: Service, archive: Path) -> None:
    """Where the file system tells them apart, both are archived, at the same time."""
    _skip_where_case_does_not_count(archive.parent)
    for name in ("abc", "ABC", "aBc"):
        service.serve(name)
    run = await run_ids(options_for(service, archive), "abc", "ABC", "aBc")
    assert run.report.exit_code == 0
    assert {look(archive, name).sidecar.id for name in ("abc", "ABC", "aBc")} == {"abc", "ABC", "aBc"}


def _skip_where_case_does_not_count(folder: Path) -> None:
    if folder.with_name(folder.name.swapcase()).exists():
        pytest.skip("this file system takes both for one name")
