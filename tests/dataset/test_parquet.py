"""Parquet, read back by everything that people read Parquet with."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.dataset.facts import Field, Type
from archiver.dataset.formats.parquet import ParquetLayout
from archiver.dataset.formats.parquetfile import GROUP_ROWS, schema_of, write_parquet
from archiver.dataset.options import FormatName
from archiver.dataset.plan import Plan
from archiver.domain.errors import DiskFullError
from archiver.version import __version__
from tests.dataset import readers
from tests.dataset.shelf import options, put, put_prompts, put_tombstone, row_said, said
from tests.dataset.writing import Originals, PlainOutput, plan_of, write_layout

ROW = {"score": 0.5, "code": "0012", "good": True, "mixed": [1, "a,b"], "tags": ["wild", "a,b"]}
NULL = Field[dict[str, str]]("text", Type.TEXT, "a text", lambda row: row["text"])


def plan(archive: Path) -> Plan:
    """Return a plan with a split that no loader knows by its name."""
    names = sorted(said(archive))
    splits = {"train": names[::2], "hold_out": names[1::2]}
    return plan_of(archive, options(FormatName.PARQUET), assets=(), splits=splits)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a table of all kinds of generations."""
    put_prompts(tmp_path / "archive")
    put_tombstone(tmp_path / "archive", "a_failed_one")
    put(tmp_path / "archive", "z_with_a_row", manifest_row=ROW, created_at="2024-12-22T13:38:40.139Z")
    write_layout(ParquetLayout(), plan(tmp_path / "archive"), tmp_path / "table")
    return tmp_path / "table"


@pytest.mark.parametrize(
    "read",
    [readers.by_pyarrow, readers.by_polars, readers.by_duckdb, readers.by_pandas, readers.by_datasets],
)
def test_every_library_reads_what_the_sidecars_say(folder: Path, read: readers.Reader) -> None:
    """Nothing but the folder is named: files that are no Parquet would be in pyarrow's way."""
    (folder / ".dataset").mkdir()
    (folder / ".dataset" / "dataset.json").write_text("{}")
    found = read(folder)
    sidecars = said(folder.parent / "archive")
    assert found.keys() == sidecars.keys()
    for name, sidecar in sidecars.items():
        assert found[name] | row_said(sidecar) == found[name]
    row = found["z_with_a_row"]
    assert row | {"score": 0.5, "code": "0012", "good": True, "mixed": '[1,"a,b"]'} == row
    assert list(row["tags"]) == ["wild", "a,b"]
    assert row["created_at"] == datetime(2024, 12, 22, 13, 38, 40, 139_000, tzinfo=UTC)
    assert found["a_failed_one"]["created_at"] is None


def test_datasets_has_all_splits_under_their_names(folder: Path) -> None:
    """By words in names it would know train, validation and test alone."""
    names = sorted(said(folder.parent / "archive"))
    assert {split: rows["id"][:] for split, rows in readers.load(folder).items()} == {
        "train": names[::2],
        "hold_out": names[1::2],
    }


def test_a_column_of_nulls_alone_has_its_type(folder: Path) -> None:
    """A column of type null in one split and text in another cannot be put together."""
    train, hold_out = (pq.read_schema(path) for path in sorted(folder.rglob("*.parquet")))
    assert train.equals(hold_out, check_metadata=True)
    assert train.field("last_frame_width").type == pa.int64()
    assert train.field("failure_reason").type == pa.string()
    assert not any(field.type == pa.null() for field in train)


def test_the_schema_says_what_wrote_it_and_what_columns_mean(folder: Path) -> None:
    """A file that is found years later explains itself."""
    schema = pq.read_schema(folder / "data" / "train-00000-of-00001.parquet")
    metadata = schema.metadata or {}
    assert metadata[b"program"] == b"luma-archiver"
    assert metadata[b"version"] == __version__.encode()
    described = schema.field("video_duration").metadata or {}
    assert described[b"description"] == b"video: seconds"


def test_two_exports_are_the_same_bytes(folder: Path) -> None:
    """A digest of a dataset is of use where whoever makes it again gets the same."""
    digests = write_layout(ParquetLayout(), plan(folder.parent / "archive"), folder.parent / "again")
    assert sorted(digests) == ["data/hold_out-00000-of-00001.parquet", "data/train-00000-of-00001.parquet"]
    for name in digests:
        assert (folder.parent / "again" / name).read_bytes() == (folder / name).read_bytes()


@given(st.lists(st.text() | st.none()))
def test_any_texts_come_back(texts: list[str | None]) -> None:
    """Whatever Unicode has, NUL too, and in any number."""
    file = io.BytesIO()
    write_parquet(PlainOutput(file), schema_of([NULL], {}), ({"text": text} for text in texts))
    assert pq.read_table(file).column("text").to_pylist() == texts


def test_rows_are_held_in_groups_that_are_bounded() -> None:
    """A hundred thousand rows, or a few with large cells, are never in memory together."""
    many, large = io.BytesIO(), io.BytesIO()
    write_parquet(PlainOutput(many), schema_of([NULL], {}), ({"text": "x"} for _ in range(GROUP_ROWS + 1)))
    write_parquet(PlainOutput(large), schema_of([NULL], {}), ({"text": "x" * 40_000_000} for _ in range(2)))
    for file, sizes in ((many, [GROUP_ROWS, 1]), (large, [1, 1])):
        metadata = pq.read_metadata(file)
        assert [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)] == sizes


class Full(PlainOutput):
    """A disk with room for so many bytes."""

    limit = 0

    def write(self, data: bytes | memoryview) -> int:
        """Append bytes, while there is room."""
        if self.size + len(data) > self.limit:
            msg = "no room"
            raise DiskFullError(msg)
        return super().write(data)


@pytest.mark.parametrize("limit", [0, 4, 1_000, 20_000])
def test_a_full_disk_is_told_as_one(tmp_path: Path, limit: int) -> None:
    """Between our output and our caller lies C++: the error comes through it, at every byte of the file."""
    put_prompts(tmp_path)
    of_all = plan(tmp_path)
    piece = next(ParquetLayout().pieces(of_all, Originals(of_all)))
    output = Full(io.BytesIO())
    output.limit = limit
    with pytest.raises(DiskFullError):
        piece.write(output)


@pytest.mark.parametrize(
    ("damage", "flaw"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-1]), "is no whole Parquet file"),
        (lambda path: path.write_bytes(b""), "is no whole Parquet file"),
        (lambda path: pq.write_table(pq.read_table(path).slice(1), path), "train has 1 rows, and not 2"),
        (lambda path: path.unlink(), "train has 0 rows, and not 2"),
        (
            lambda path: pq.write_table(pq.read_table(path).drop_columns(["id"]), path),
            "has other columns",
        ),
    ],
)
def test_the_lint_finds_what_is_not_whole(
    tmp_path: Path, damage: Callable[[Path], object], flaw: str
) -> None:
    """What is published was read back: rows that are lost on the way are not found by a user."""
    for name in "abc":
        put(tmp_path / "archive", name)
    splits = {"hold_out": ["c"], "train": ["a", "b"]}
    of_all = plan_of(tmp_path / "archive", options(FormatName.PARQUET), assets=(), splits=splits)
    write_layout(ParquetLayout(), of_all, tmp_path / "table")
    damage(tmp_path / "table" / "data" / "train-00000-of-00001.parquet")
    found = ParquetLayout().lint(tmp_path / "table", of_all, of_all.samples)
    assert any(flaw in one for one in found)


def test_without_pyarrow_one_line_says_what_to_install() -> None:
    """It is an extra; a traceback would not say so."""
    script = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "pyarrow":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
from archiver.dataset.formats.parquet import ParquetLayout
from archiver.domain.errors import UsageError
try:
    ParquetLayout()
except UsageError as error:
    print(error)
"""
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - our own interpreter
    assert done.stderr == ""
    assert done.stdout.count("\n") == 1
    assert "pip install 'luma-archiver[parquet]'" in done.stdout
