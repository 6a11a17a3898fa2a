"""Something else where a generation's folder or file belongs costs that generation alone."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from archiver.domain.outcome import Outcome
from tests.nightly.nights import Nights, trouble
from tests.runs.running import look
from tests.simulator import Shape


def _link(place: Path, outside: Path) -> None:
    outside.mkdir()
    place.symlink_to(outside)


def _file(place: Path, _: Path) -> None:
    place.write_bytes(b"mine")


def _folder(place: Path, _: Path) -> None:
    place.mkdir()


def _pipe(place: Path, _: Path) -> None:
    os.mkfifo(place)


PLACES = [
    pytest.param("", _link, id="a link for the folder"),
    pytest.param("", _file, id="a file for the folder"),
    pytest.param("sidecar.json", _link, id="a link for the sidecar"),
    pytest.param("sidecar.json", _folder, id="a folder for the sidecar"),
    pytest.param("sidecar.json", _pipe, id="a pipe for the sidecar"),
    pytest.param("video.mp4", _folder, id="a folder for the clip"),
]


@pytest.mark.parametrize(("name", "plant"), PLACES)
async def test_the_others_are_archived_all_the_same(
    nights: Nights, tmp_path: Path, name: str, plant: Callable[[Path, Path], None]
) -> None:
    """Whoever planted it, and whether there is an index or not; nothing is written through a link."""
    ids = [f"g-{number}" for number in range(4)]
    for generation_id in ids:
        nights.service.serve(generation_id)
    home = nights.archive / "generations/2024/12/g-0"
    home.parent.mkdir(parents=True)
    if name:
        home.mkdir()
    plant(home / name if name else home, tmp_path / "outside")
    run = await nights.get(*ids)
    assert run.report.exit_code == 3
    assert run.results["g-0"].outcome is Outcome.ERROR
    assert all(look(nights.archive, generation_id) for generation_id in ids[1:])
    assert not (tmp_path / "outside").exists() or not list((tmp_path / "outside").iterdir())
    (nights.archive / "index.sqlite3").unlink()
    again = await nights.get(*ids[1:])
    assert again.report.exit_code == 0


@pytest.mark.parametrize("place", ["generations/2024/12/g-0", "generations/2024/12"])
async def test_an_audit_misses_what_is_behind_a_link(nights: Nights, tmp_path: Path, place: str) -> None:
    """A folder moved to a larger disk, with a link in its place, is not in the archive any more."""
    nights.service.serve("g-0")
    await nights.get("g-0")
    (nights.archive / place).rename(tmp_path / "elsewhere")
    (nights.archive / place).symlink_to(tmp_path / "elsewhere")
    run = await nights.verify()
    assert run.report.exit_code == 3
    assert trouble(run)
    repaired = await nights.verify(repair=True)
    assert repaired.report.exit_code in {1, 3}


@pytest.mark.parametrize("plant", [_link, _file])
@pytest.mark.parametrize("level", ["2024", "2024/06"])
async def test_a_month_that_is_out_of_place_costs_that_month_alone(
    nights: Nights, tmp_path: Path, plant: Callable[[Path, Path], None], level: str
) -> None:
    """Old months that were moved to another disk, with a link in their place."""
    nights.service.serve("g-1", shape=Shape(created_at="2024-06-01T10:00:00Z"))
    nights.service.serve("g-2", shape=Shape(created_at="2025-01-01T10:00:00Z"))
    place = nights.archive / "generations" / level
    place.parent.mkdir(parents=True)
    plant(place, tmp_path / "outside")
    run = await nights.get("g-1", "g-2")
    assert run.results["g-1"].outcome is Outcome.ERROR
    assert run.results["g-2"].outcome is Outcome.ARCHIVED
    assert run.report.exit_code == 3
    again = await nights.sync()
    assert again.report.exit_code == 3
    assert not (tmp_path / "outside").exists() or not list((tmp_path / "outside").iterdir())
