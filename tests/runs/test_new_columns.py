"""What a manifest says by now of clips that are archived already reaches their sidecars, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from archiver.batch.budget import Budget
from archiver.domain.events import Noticed
from archiver.domain.outcome import Outcome
from archiver.domain.sidecar import merged_row, with_row
from tests.runs.running import Run, look, options_for, run_manifests
from tests.simulator import Service

_FOLDER = "generations/2024/12/g-1"


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """Return where the manifest stands."""
    return tmp_path / "clips.jsonl"


def _write(manifest: Path, *rows: Mapping[str, object]) -> None:
    manifest.write_text("".join(json.dumps(row) + "\n" for row in rows))


async def _run(service: Service, archive: Path, manifest: Path, **row: object) -> Run:
    """Archive `g-1`, or give it these columns."""
    _write(manifest, {"id": "g-1", **row})
    return await run_manifests(options_for(service, archive), [manifest])


def _told(run: Run) -> list[str]:
    return [event.message for event in run.events if isinstance(event, Noticed)]


async def test_files_of_ones_own_and_unknown_keys_stay(
    service: Service, archive: Path, manifest: Path
) -> None:
    """A conversion beside the clip, a note in the sidecar: a new column is no reason to tidy up."""
    service.serve("g-1")
    await _run(service, archive, manifest, tags=["cat"])
    folder = archive / _FOLDER
    (folder / "video.webm").write_bytes(b"mine")
    sidecar = json.loads((folder / "sidecar.json").read_bytes())
    (folder / "sidecar.json").write_text(json.dumps({**sidecar, "notes": "mine"}))
    run = await _run(service, archive, manifest, caption="a cat")
    assert _told(run) == ["the manifest's columns are new in 1 sidecar"]
    assert (folder / "video.webm").read_bytes() == b"mine"
    written = json.loads((folder / "sidecar.json").read_bytes())
    assert written == {**sidecar, "notes": "mine", "manifest_row": {"tags": ["cat"], "caption": "a cat"}}


async def test_an_empty_cell_takes_no_captions_place(service: Service, archive: Path, manifest: Path) -> None:
    """A spreadsheet has one for every row that nobody has filled in."""
    service.serve("g-1")
    await _run(service, archive, manifest, caption="a cat", take=None)
    await _run(service, archive, manifest, caption="", tags="x", take=None)
    assert look(archive, "g-1").sidecar.manifest_row == {"caption": "a cat", "take": None, "tags": "x"}


@pytest.mark.parametrize(("before", "after"), [(1, True), (1, 1.0), ("1", 1), ([1], [1.0])])
async def test_values_that_python_takes_for_equal_are_other_values(
    service: Service, archive: Path, manifest: Path, before: object, after: object
) -> None:
    """1, 1.0 and true are three in JSON."""
    service.serve("g-1")
    await _run(service, archive, manifest, take=before)
    await _run(service, archive, manifest, take=after)
    assert json.dumps(look(archive, "g-1").sidecar.manifest_row) == json.dumps({"take": after})


async def test_a_row_of_fewer_columns_is_looked_up_once(
    service: Service, archive: Path, manifest: Path
) -> None:
    """A nightly manifest of a hundred thousand rows must not read as many sidecars each night."""
    service.serve("g-1")
    await _run(service, archive, manifest, tags="cat", caption="a cat")
    await _run(service, archive, manifest, tags="cat")
    path = archive / _FOLDER / "sidecar.json"
    data = path.read_bytes()
    # In place: no name in the folder changes, so that only who reads it would notice.
    path.write_bytes(b" " * len(data))
    run = await _run(service, archive, manifest, tags="cat")
    assert run.results["g-1"].outcome is Outcome.UNCHANGED
    path.write_bytes(data)


async def test_a_sidecar_from_a_backup_gets_its_columns_back(
    service: Service, archive: Path, manifest: Path
) -> None:
    """What the index knows of the row holds for the sidecar that it was read from."""
    service.serve("g-1")
    await _run(service, archive, manifest, tags="cat")
    path = archive / _FOLDER / "sidecar.json"
    backup = path.read_bytes()
    await _run(service, archive, manifest, tags="cat", caption="a cat")
    path.unlink()
    path.write_bytes(backup)
    await _run(service, archive, manifest, tags="cat", caption="a cat")
    assert look(archive, "g-1").sidecar.manifest_row == {"tags": "cat", "caption": "a cat"}


async def test_a_sidecar_that_cannot_be_read_costs_its_own_generation_alone(
    service: Service, archive: Path, manifest: Path
) -> None:
    """The next row is worked on; the file stays for a person to look at."""
    service.serve("g-1")
    service.serve("g-2")
    await _run(service, archive, manifest)
    (archive / _FOLDER / "sidecar.json").write_bytes(b"rubbish")
    _write(manifest, {"id": "g-1", "tags": "cat"}, {"id": "g-2", "tags": "dog"})
    run = await run_manifests(options_for(service, archive), [manifest])
    assert run.results["g-1"].outcome is Outcome.ERROR
    assert run.results["g-2"].outcome is Outcome.ARCHIVED
    assert run.report.exit_code == 3


async def test_a_budget_holds_for_columns_too(service: Service, archive: Path, manifest: Path) -> None:
    """What is left is said, and comes with the next run."""
    ids = [f"g-{number}" for number in range(40)]
    for name in ids:
        service.serve(name)
    _write(manifest, *({"id": name} for name in ids))
    options = options_for(service, archive)
    await run_manifests(options, [manifest])
    _write(manifest, *({"id": name, "tags": "x"} for name in ids))
    none = replace(options, budget=Budget(max_duration_s=1e-9))
    run = await run_manifests(none, [manifest])
    assert run.report.exit_code == 3
    assert look(archive, "g-39").sidecar.manifest_row == {}
    rest = await run_manifests(options, [manifest])
    assert _told(rest) == ["the manifest's columns are new in 40 sidecars"]
    assert all(look(archive, name).sidecar.manifest_row == {"tags": "x"} for name in ids)


def test_numbers_of_the_answer_stay_to_the_letter() -> None:
    """`1.0` and a thousand digits, in whatever is not the row."""
    number = "0.1000000000000000055511151231257827021181583404541015625"
    data = f'{{"response": {{"a": {number}, "b": 1.0}}, "manifest_row": {{}}}}'.encode()
    written = with_row(data, {"tags": ["x"]})
    assert number.encode() in written
    assert b'"b": 1.0' in written


def test_a_new_empty_column_is_there_and_empty() -> None:
    """Nothing was there that it could take the place of."""
    assert merged_row({"a": "x"}, {"a": "", "b": "", "c": None}) == {"a": "x", "b": "", "c": None}
