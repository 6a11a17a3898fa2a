"""`add` remembers ids, and what a manifest says of them, for the next `sync`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from archiver.batch.adding import Additions
from archiver.domain.outcome import Outcome
from tests.nightly.nights import Nights
from tests.nightly.program import Program, at, run_process
from tests.runs.running import look, with_network
from tests.simulator import Shape
from tests.simulator.answers import build_answer
from tests.simulator.faults import Always, Status


async def test_what_is_added_is_archived_by_the_next_sync(nights: Nights, tmp_path: Path) -> None:
    """Nobody is asked before; a manifest's columns reach the sidecar."""
    nights.service.serve("g-1")
    nights.service.serve("g-2")
    manifest = tmp_path / "clips.csv"
    manifest.write_text('id,caption\ng-2,"a cat, dancing"\n')
    environment = at(nights.service, nights.archive)
    ended = await run_process("add", "g-1", "--from", manifest, environment=environment)
    assert (ended.out, ended.err, ended.exit_code) == ("2 added\n", "", 0)
    assert len(nights.service.log) == 0
    synced = await run_process("sync", "--json", environment=environment)
    assert [line["outcome"] for line in synced.lines[:-1]] == ["archived", "archived"]
    assert synced.lines[-1]["exit_code"] == synced.exit_code == 0
    assert look(nights.archive, "g-2").sidecar.manifest_row == {"caption": "a cat, dancing"}


async def test_columns_survive_a_night_of_errors_and_a_lost_index(nights: Nights) -> None:
    """What was added stands in a file of its own."""
    (nights.archive.parent / "clips.jsonl").write_text('{"id": "g-1", "tags": ["cat"]}\n')
    await nights.add(manifests=[nights.archive.parent / "clips.jsonl"])
    assert (await nights.sync()).results["g-1"].outcome is Outcome.ERROR
    (nights.archive / "index.sqlite3").unlink()
    nights.service.serve("g-1")
    assert (await nights.sync()).results["g-1"].outcome is Outcome.ARCHIVED
    assert look(nights.archive, "g-1").sidecar.manifest_row == {"tags": ["cat"]}


async def test_a_saved_answer_that_was_added_spares_the_question(nights: Nights) -> None:
    """The answer is kept with the id, as long as nobody has tried it."""
    served = nights.service.serve("g-1")
    answer = build_answer("g-1", "completed", served.task.links, Shape())
    manifest = nights.archive.parent / "answers.json"
    manifest.write_text(json.dumps([{**answer, "tags": ["cat"]}], indent=2))
    await nights.add(manifests=[manifest])
    nights.options = with_network(nights.options, api_key=None)
    assert (await nights.sync()).results["g-1"].outcome is Outcome.ARCHIVED
    assert nights.service.log.api == []
    assert look(nights.archive, "g-1").sidecar.manifest_row == {"tags": ["cat"]}


async def test_what_is_archived_is_not_added(nights: Nights) -> None:
    """Adding a list again and again costs nothing."""
    nights.service.serve("g-1")
    await nights.get("g-1")
    assert await nights.add("g-1", "g-2", "g-2") == Additions(added=1, final=1)
    assert await nights.add("g-2") == Additions(known=1)
    assert set(nights.owed) == {"g-2"}


async def test_what_was_deleted_by_hand_can_be_added_again(nights: Nights) -> None:
    """The index has not heard of it; whoever adds an id wants it."""
    nights.service.serve("g-1")
    await nights.get("g-1")
    shutil.rmtree(nights.archive / "generations/2024/12/g-1")
    assert await nights.add("g-1") == Additions(added=1)
    assert (await nights.sync()).results["g-1"].outcome is Outcome.ARCHIVED


async def test_adding_again_makes_it_due(nights: Nights) -> None:
    """Whoever adds it wants it with the next run; the columns of before stay where there are no new ones."""
    nights.service.serve("g-1", state=("pending", "completed"))
    manifest = nights.archive.parent / "clips.csv"
    manifest.write_text("id,split\ng-1,train\n")
    await nights.batch(manifest)
    await nights.add("g-1")
    assert nights.owed["g-1"].row == {"split": "train"}
    assert (await nights.sync()).results["g-1"].outcome is Outcome.ARCHIVED


def test_the_summary_counts_what_was_known(program: Program) -> None:
    """For people, and as a line of JSON."""
    program("add", "g-1")
    assert program("add", "g-1", "g-2").out == "1 added, 1 owed before\n"
    assert program("add", "g-3", "--json").lines == [
        {"event": "summary", "added": 1, "known": 0, "final": 0, "bad_rows": 0, "exit_code": 0}
    ]


def test_a_bad_row_is_named_and_the_others_are_added(program: Program, tmp_path: Path) -> None:
    """As everywhere: a row costs a row, and the exit code says so."""
    manifest = tmp_path / "ids.txt"
    manifest.write_text("g-1\n../etc\n")
    ended = program("add", "--from", str(manifest))
    assert (ended.out, ended.exit_code) == ("1 added, 1 bad row\n", 3)
    assert ended.err.startswith(f"{manifest}: line 2: ")
    (row, summary) = program("add", "--from", str(manifest), "--json").lines
    assert (row["event"], row["line"], summary["exit_code"]) == ("row", 2, 3)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["add"], "nothing to add"),
        (["add", "../etc"], "'../etc' is not a generation id"),
        (["add", "--from", "absent.txt"], "absent.txt: cannot be read"),
    ],
)
def test_a_usage_error_adds_nothing(
    program: Program, archive: Path, arguments: list[str], words: str
) -> None:
    """One line and exit code 2, before the archive is made."""
    ended = program(*arguments)
    assert (ended.out, ended.exit_code) == ("", 2)
    assert words in ended.err
    assert not archive.exists()


async def test_ids_come_from_standard_input_too(nights: Nights) -> None:
    """`… | luma-archiver add --from -`, quietly."""
    ended = await run_process(
        "add", "--from", "-", "--quiet", environment=at(nights.service, nights.archive), stdin=b"g-1\ng-2\n"
    )
    assert (ended.out, ended.err, ended.exit_code) == ("", "", 0)
    assert list(nights.owed) == ["g-1", "g-2"]


async def test_a_saved_answer_that_was_added_serves_a_batch_too(nights: Nights, tmp_path: Path) -> None:
    """The service may know the id no more: of all that lists it, the answer alone leads to its files."""
    served = nights.service.serve("g-1")
    links = served.task.links
    answers, ids = tmp_path / "answers.jsonl", tmp_path / "ids.txt"
    answers.write_text(json.dumps(build_answer("g-1", "completed", links, Shape())) + "\n")
    ids.write_text("g-1\n")
    await nights.add(manifests=[answers])
    served.task.faults.append(Always(Status(404)))
    run = await nights.batch(ids)
    assert run.results["g-1"].outcome is Outcome.ARCHIVED
    assert nights.owed == {}
