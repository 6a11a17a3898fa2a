"""CSV, read back by everything that people open CSV with."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.dataset.facts import Cell
from archiver.dataset.formats.lines import csv_line
from archiver.dataset.formats.tables import CsvLayout
from archiver.dataset.options import FormatName
from archiver.dataset.plan import Plan
from archiver.domain.errors import UsageError
from tests.dataset import readers
from tests.dataset.shelf import PROMPTS, options, put, put_prompts, put_tombstone, row_said, said
from tests.dataset.writing import Originals, plan_of, write_layout

ROW = {"score": 0.5, "code": "0012", "good": True, "mixed": [1, "a,b"], "day": "2024-12-22"}


def plan(archive: Path) -> Plan:
    """Return a plan with a split that no loader knows by its name."""
    names = sorted(said(archive))
    splits = {"train": names[::2], "hold_out": names[1::2]}
    return plan_of(archive, options(FormatName.CSV), assets=(), splits=splits)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a table of all kinds of generations."""
    put_prompts(tmp_path / "archive")
    put_tombstone(tmp_path / "archive", "a_failed_one")
    put(tmp_path / "archive", "z_with_a_row", manifest_row=ROW)
    write_layout(CsvLayout(), plan(tmp_path / "archive"), tmp_path / "table")
    return tmp_path / "table"


@pytest.mark.parametrize(
    "read", [readers.by_polars, readers.by_duckdb, readers.by_pandas, readers.by_datasets]
)
def test_every_library_reads_what_the_sidecars_say(folder: Path, read: readers.Reader) -> None:
    """Prompts with line ends, quotes, any script; numbers as numbers; what is unknown as null."""
    found = read(folder)
    sidecars = said(folder.parent / "archive")
    assert found.keys() == sidecars.keys()
    # pandas, and datasets by it, have no way to tell an empty text from null.
    is_told = read in {readers.by_polars, readers.by_duckdb}
    for name, sidecar in sidecars.items():
        wanted = row_said(sidecar)
        if not is_told:
            wanted = {column: None if cell == "" else cell for column, cell in wanted.items()}
        assert found[name] | wanted == found[name]
    assert found["z_with_a_row"]["score"] == 0.5
    assert found["z_with_a_row"]["mixed"] == '[1,"a,b"]'


def test_python_reads_every_text_to_the_letter(folder: Path) -> None:
    """The module of Python's own knows texts alone: the prompts are the sidecars'."""
    found = readers.by_csv(folder)
    assert {name: found[name]["prompt"] for name in PROMPTS} == PROMPTS
    assert found["z_with_a_row"]["code"] == "0012"
    assert found["z_with_a_row"]["good"] == "true"


def test_datasets_has_all_splits_and_takes_no_text_for_a_number(folder: Path) -> None:
    """By names alone it would drop `hold_out`; by guesses, `0012` would be 12 and a null column a number."""
    loaded = readers.load(folder)
    names = sorted(said(folder.parent / "archive"))
    assert {split: rows["id"][:] for split, rows in loaded.items()} == {
        "train": names[::2],
        "hold_out": names[1::2],
    }
    rows = readers.by_datasets(folder)
    assert (
        rows["z_with_a_row"] | {"code": "0012", "good": "true", "day": "2024-12-22"} == rows["z_with_a_row"]
    )
    assert rows["digits"]["prompt"] == "007"
    assert rows["word"]["prompt"] == "NA"
    assert rows["a_failed_one"]["failure_reason"] == "no\ncats"


def test_datasets_rounds_no_number_where_others_are_unknown(tmp_path: Path) -> None:
    """It reads by NumPy's types, which have no null: as floats, ids would become those of others."""
    put(tmp_path / "archive", "one", manifest_row={"post": 1834567890123456789, "views": 12, "good": False})
    put(tmp_path / "archive", "two")
    of_both = plan_of(tmp_path / "archive", options(FormatName.CSV), assets=())
    write_layout(CsvLayout(), of_both, tmp_path / "table")
    rows = readers.by_datasets(tmp_path / "table")
    assert rows["one"] | {"post": "1834567890123456789", "views": 12, "good": "false"} == rows["one"]
    assert rows["two"] | {"post": None, "views": None, "good": None} == rows["two"]


@given(st.lists(st.text() | st.integers() | st.booleans() | st.none(), min_size=2))
def test_any_cells_come_back_by_the_standard_reader(cells: list[Cell]) -> None:
    """RFC 4180 §2 to the letter: quotes doubled, line ends within quotes, CRLF after the record."""
    line = csv_line(cells)
    assert line.endswith(b"\r\n")
    (found,) = csv.reader(io.StringIO(line.decode(), newline=""), strict=True)
    assert found == ["" if cell is None else _shown(cell) for cell in cells]


def _shown(cell: Cell) -> str:
    return str(cell).lower() if isinstance(cell, bool) else str(cell)


@given(st.text())
def test_an_empty_text_is_not_null(text: str) -> None:
    """Polars and DuckDB tell `""` from nothing."""
    assert csv_line([text]) != csv_line([None])


def test_a_long_answer_is_read_back_by_the_lint_without_leaving_a_trace(tmp_path: Path) -> None:
    """Python's module refuses fields over 128 KiB unless a limit of the whole process is raised."""
    put(tmp_path / "archive", "long", prompt="x" * 300_000)
    before = csv.field_size_limit()
    write_layout(CsvLayout(), plan(tmp_path / "archive"), tmp_path / "table")
    assert csv.field_size_limit() == before


def test_two_exports_are_the_same_bytes(folder: Path) -> None:
    """A digest of a dataset is of use where whoever makes it again gets the same."""
    digests = write_layout(CsvLayout(), plan(folder.parent / "archive"), folder.parent / "again")
    assert sorted(digests) == ["README.md", "hold_out.csv", "train.csv"]
    for name in digests:
        assert (folder.parent / "again" / name).read_bytes() == (folder / name).read_bytes()


def test_files_within_are_refused(tmp_path: Path) -> None:
    """Base64 in CSV would be read by nothing that knows of clips."""
    put(tmp_path, "one")
    embedded = plan_of(tmp_path, options(FormatName.CSV, is_embedded=True), assets=())
    with pytest.raises(UsageError, match="leave out --embed, or export parquet"):
        list(CsvLayout().pieces(embedded, Originals(embedded)))


def test_an_empty_split_has_no_file(tmp_path: Path) -> None:
    """A share of 0.05 of three clips may be none."""
    put(tmp_path / "archive", "one")
    of_one = plan_of(
        tmp_path / "archive", options(FormatName.CSV), assets=(), splits={"train": ["one"], "test": []}
    )
    write_layout(CsvLayout(), of_one, tmp_path / "table")
    assert {path.name for path in (tmp_path / "table").iterdir()} == {"README.md", "train.csv"}


@pytest.mark.parametrize(
    ("damage", "flaw"),
    [
        (lambda data: data[:-5], "is not CSV"),
        (lambda data: data[: data.rstrip().rindex(b"\r\n") + 2], "has 1 rows, and not 2"),
        (lambda data: data.replace(b'"prompt"', b'"other"'), "has other columns"),
        (lambda data: data + b"1,2\r\n", "has a row with other columns"),
        (lambda data: data.replace(b"cat dance", b"cat \xff"), "utf-8"),
        (lambda _: b"", "has other columns"),
    ],
)
def test_the_lint_finds_what_is_not_whole(
    tmp_path: Path, damage: Callable[[bytes], bytes], flaw: str
) -> None:
    """What is published was read back: rows that are lost on the way are not found by a user."""
    for name in ("one", "two"):
        put(tmp_path / "archive", name)
    of_both = plan_of(tmp_path / "archive", options(FormatName.CSV), assets=())
    write_layout(CsvLayout(), of_both, tmp_path / "table")
    path = tmp_path / "table" / "train.csv"
    path.write_bytes(damage(path.read_bytes()))
    (found,) = CsvLayout().lint(tmp_path / "table", of_both, of_both.samples)
    assert flaw in found
