"""JSON Lines, read back by everything that people read JSON Lines with."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.dataset.formats.lines import json_line
from archiver.dataset.formats.tables import JsonlLayout
from archiver.dataset.options import FormatName
from archiver.dataset.plan import Plan
from archiver.domain.errors import UsageError
from tests.dataset import readers
from tests.dataset.shelf import PROMPTS, options, put, put_prompts, put_tombstone, row_said, said
from tests.dataset.writing import Originals, plan_of, write_layout

ROW = {"score": 0.5, "code": "0012", "good": True, "mixed": [1, "a,b"], "tags": ["wild", "a,b"]}


def plan(archive: Path) -> Plan:
    """Return a plan with a split that no loader knows by its name."""
    names = sorted(said(archive))
    splits = {"train": names[::2], "hold_out": names[1::2]}
    return plan_of(archive, options(FormatName.JSONL), assets=(), splits=splits)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a table of all kinds of generations."""
    put_prompts(tmp_path / "archive")
    put_tombstone(tmp_path / "archive", "a_failed_one")
    put(tmp_path / "archive", "z_with_a_row", manifest_row=ROW, created_at="2024-12-22T13:38:40.139Z")
    write_layout(JsonlLayout(), plan(tmp_path / "archive"), tmp_path / "table")
    return tmp_path / "table"


@pytest.mark.parametrize(
    "read",
    [readers.by_json, readers.by_polars, readers.by_duckdb, readers.by_pandas, readers.by_datasets],
)
def test_every_library_reads_what_the_sidecars_say(folder: Path, read: readers.Reader) -> None:
    """Prompts with line ends, quotes, any script; numbers as numbers; what is unknown as null."""
    found = read(folder)
    sidecars = said(folder.parent / "archive")
    assert found.keys() == sidecars.keys()
    for name, sidecar in sidecars.items():
        assert found[name] | row_said(sidecar) == found[name]
    row = found["z_with_a_row"]
    assert row | {"score": 0.5, "code": "0012", "good": True, "mixed": '[1,"a,b"]'} == row
    assert list(row["tags"]) == ["wild", "a,b"]


def test_datasets_has_all_splits_and_times_that_are_times(folder: Path) -> None:
    """By guesses it refuses times with and without fractions in one column, and drops `hold_out` by names."""
    loaded = readers.load(folder)
    names = sorted(said(folder.parent / "archive"))
    assert {split: rows["id"][:] for split, rows in loaded.items()} == {
        "train": names[::2],
        "hold_out": names[1::2],
    }
    rows = readers.by_datasets(folder)
    assert rows["z_with_a_row"]["created_at"] == datetime(2024, 12, 22, 13, 38, 40, 139_000, tzinfo=UTC)
    assert rows["plain"]["created_at"] == datetime(2024, 12, 22, 13, 38, 40, tzinfo=UTC)
    assert rows["a_failed_one"]["created_at"] is None
    assert rows["a_failed_one"]["failure_reason"] == "no\ncats"


@given(st.dictionaries(st.text(), st.text() | st.none() | st.lists(st.text()).map(tuple)))
def test_any_row_is_one_line_and_comes_back(row: dict[str, str | tuple[str, ...] | None]) -> None:
    """A newline in a prompt must not end a row; nothing is written as an escape that need not be."""
    line = json_line({**row})
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    back = json.loads(line)
    assert back == {name: list(cell) if isinstance(cell, tuple) else cell for name, cell in row.items()}
    assert list(back) == list(row)


def test_text_is_utf_8_and_not_escapes(folder: Path) -> None:
    """A prompt can be found by grep."""
    found = b"".join(path.read_bytes() for path in folder.glob("*.jsonl"))
    assert "日本語 🎬".encode() in found
    assert readers.by_json(folder)["signs"]["prompt"] == PROMPTS["signs"]


def test_two_exports_are_the_same_bytes(folder: Path) -> None:
    """A digest of a dataset is of use where whoever makes it again gets the same."""
    digests = write_layout(JsonlLayout(), plan(folder.parent / "archive"), folder.parent / "again")
    assert sorted(digests) == ["README.md", "hold_out.jsonl", "train.jsonl"]
    for name in digests:
        assert (folder.parent / "again" / name).read_bytes() == (folder / name).read_bytes()


def test_columns_of_any_name_load(tmp_path: Path) -> None:
    """A manifest's header may be anything; the card's YAML must still be YAML."""
    names = ['a: "b"', "c\\d", "e\x7f\u2028f", "🎬", "- g", "#h", "no", "x" * 300]
    put(tmp_path / "archive", "one", manifest_row=dict.fromkeys(names, "value"))
    write_layout(JsonlLayout(), plan(tmp_path / "archive"), tmp_path / "table")
    row = readers.by_datasets(tmp_path / "table")["one"]
    assert {name: row[name] for name in names} == dict.fromkeys(names, "value")


def test_files_within_are_refused(tmp_path: Path) -> None:
    """Base64 in JSON would be read by nothing that knows of clips."""
    put(tmp_path, "one")
    embedded = plan_of(tmp_path, options(FormatName.JSONL, is_embedded=True), assets=())
    with pytest.raises(UsageError, match="leave out --embed, or export parquet"):
        list(JsonlLayout().pieces(embedded, Originals(embedded)))


@pytest.mark.parametrize(
    ("damage", "flaw"),
    [
        (lambda data: data[:-5], "truncated"),
        (lambda data: data[: data.rstrip().rindex(b"\n") + 1], "has 1 rows, and not 2"),
        (lambda data: data.replace(b'"prompt"', b'"other"'), "has a row with other columns"),
        (lambda data: data + b"[]\n", "Expected `object`"),
        (lambda _: b"", "has 0 rows, and not 2"),
    ],
)
def test_the_lint_finds_what_is_not_whole(
    tmp_path: Path, damage: Callable[[bytes], bytes], flaw: str
) -> None:
    """What is published was read back: rows that are lost on the way are not found by a user."""
    for name in ("one", "two"):
        put(tmp_path / "archive", name)
    of_both = plan_of(tmp_path / "archive", options(FormatName.JSONL), assets=())
    write_layout(JsonlLayout(), of_both, tmp_path / "table")
    path = tmp_path / "table" / "train.jsonl"
    path.write_bytes(damage(path.read_bytes()))
    (found,) = JsonlLayout().lint(tmp_path / "table", of_both, of_both.samples)
    assert flaw in found
