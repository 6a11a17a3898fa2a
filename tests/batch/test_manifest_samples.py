"""The sample manifests read as their README says, and fit the demo's service."""

from __future__ import annotations

from pathlib import Path

import pytest

from archiver.batch.manifest import ManifestRow, read_manifest
from archiver.demo.plan import plan_demo
from archiver.domain.answer import read_answer
from archiver.domain.events import RowRejected
from archiver.domain.generation import State
from archiver.domain.identity import AssetName

SAMPLES = Path(__file__).parents[2] / "sample_manifests"
IDS = [generation.id for generation in plan_demo(10)]


def _read(name: str) -> tuple[list[ManifestRow], dict[int, str]]:
    """Return the good rows, and the reasons of the bad ones by line."""
    rows = list(read_manifest(str(SAMPLES / name)))
    reasons = {row.line: row.reason for row in rows if isinstance(row, RowRejected)}
    return [row for row in rows if isinstance(row, ManifestRow)], reasons


@pytest.mark.parametrize(
    ("name", "numbers", "columns"),
    [
        ("ids.txt", range(10), set()),
        ("generations.jsonl", range(7), {"tags", "split"}),
        ("generations.json", range(4), {"split", "rating"}),
        ("captions.csv", range(4), {"caption", "tags", "split"}),
        ("captions.tsv", range(4, 7), {"caption", "split"}),
    ],
)
def test_a_sample_of_each_form_lists_generations_of_the_demo(
    name: str, numbers: range, columns: set[str]
) -> None:
    """They can be tried without a key: the ids must be those that the service knows."""
    rows, reasons = _read(name)
    assert reasons == {}
    assert [row.id for row in rows] == [IDS[number] for number in numbers]
    assert set(rows[0].row) == columns


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "bad_rows.txt",
            {3: "'two words' is not", 4: "'../../etc/passwd' is not", 5: "'xxxx", 6: "not UTF-8"},
        ),
        (
            "bad_rows.jsonl",
            {
                2: "no column task_id or id; found caption",
                3: "the id is a number",
                4: "the id is empty",
                5: "'../../etc/passwd' is not",
                6: "a row is an object or an id in quotes, not a list",
                7: "not valid JSON",
            },
        ),
        (
            "bad_rows.csv",
            {
                3: "the id is empty",
                4: "'not an id' is not",
                5: "cells: 3, columns in the header: 2",
                6: "cells: 1, columns in the header: 2",
                7: "',' expected after '\"'",
                8: "not UTF-8",
                10: "the file ends inside a quoted cell",
            },
        ),
    ],
)
def test_a_sample_of_bad_rows_has_each_kind_and_two_good_ones(name: str, words: dict[int, str]) -> None:
    """What they show is that a bad row costs only itself."""
    rows, reasons = _read(name)
    assert [row.id for row in rows] == IDS[:2]
    assert reasons.keys() == words.keys()
    assert all(reasons[line].startswith(words[line]) for line in words)


def test_the_saved_answers_are_whole_and_speak_of_the_demos_port() -> None:
    """They are archived without asking the API: everything needed stands in them."""
    rows, reasons = _read("saved_answers.jsonl")
    assert reasons == {}
    assert [row.id for row in rows] == [IDS[0], IDS[1], IDS[4]]
    assert [set(row.row) for row in rows] == [set(), {"tags", "split"}, {"split"}]
    for row in rows:
        assert row.saved_answer is not None
        generation = read_answer(row.saved_answer, row.id)
        assert generation.state is State.COMPLETED
        assert generation.assets.keys() == set(AssetName)
        urls = [asset.url for asset in generation.assets.values() if asset.url]
        assert {url.origin for url in urls} == {("http", "127.0.0.1", 8765)}


def test_the_readme_names_every_sample() -> None:
    """A sample that nobody explains is litter."""
    text = (SAMPLES / "README.md").read_text()
    assert [path.name for path in SAMPLES.iterdir() if f"`{path.name}`" not in text] == ["README.md"]
