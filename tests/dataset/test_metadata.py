"""Whether JSON lines carry a folder's rows: held against Arrow's own guesses."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.json as paj
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.dataset.facts import Cell, Field, Type
from archiver.dataset.formats.metadata import Entry, Metadata, Placed
from archiver.dataset.plan import Sample
from tests.dataset.examples import example
from tests.dataset.writing import PlainOutput

_TIMES = st.sampled_from(["2024-12-22", "2024-12-22 13:38", "2024-12-22T13:38:40Z", "2024-12-22T13:38:40.5Z"])
_TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
_ARROW = {
    Type.TEXT: pa.string(),
    Type.INTEGER: pa.int64(),
    Type.NUMBER: pa.float64(),
    Type.BOOLEAN: pa.bool_(),
}


def metadata(kind: Type, *splits: Sequence[Cell]) -> Metadata:
    """Return metadata with one column of these values."""
    entries = {
        f"s{number}": [_entry(f"{number}-{row}") for row in range(len(cells))]
        for number, cells in enumerate(splits)
    }
    values = {
        f"{number}-{row}": cell for number, cells in enumerate(splits) for row, cell in enumerate(cells)
    }
    column = Field[Entry]("cell", kind, "it", lambda entry: values[entry.sample.key])
    return Metadata.of((column,), entries)


def _entry(key: str) -> Entry:
    sample = Sample(example=example("g"), key=key, split="train", caption="")
    return Entry(sample=sample, file=Placed(field="video", path=f"data/train/{key}.mp4", size=0, sha256=""))


def written(found: Metadata, split: str, kind: str) -> bytes:
    """Return a split's file."""
    file = io.BytesIO()
    found.write(split, kind, PlainOutput(file))
    return file.getvalue()


def check_guesses(found: Metadata, kind: Type, *splits: Sequence[Cell]) -> None:
    """Hold what Arrow reads of JSON lines against the values, if they are said to carry them."""
    if not found.fields or found.kind("jsonl") != "jsonl":
        return
    for split, cells in zip(found.entries, splits, strict=True):
        table = paj.read_json(io.BytesIO(written(found, split, "jsonl")))
        assert table.schema.field("cell").type == _ARROW[kind]
        assert table.column("cell").to_pylist() == [_known(kind, cell) for cell in cells]


def _known(kind: Type, cell: Cell) -> Cell:
    return "" if kind is Type.TEXT and cell is None else cell


@given(*[st.lists(_TIMES | _TEXTS | st.none(), min_size=1, max_size=3)] * 2)
def test_texts_come_out_of_json_lines_as_they_are_or_parquet_is_used(
    one: list[str | None], two: list[str | None]
) -> None:
    """Arrow makes times of a column of dates, and nulls of a column of nothing."""
    check_guesses(metadata(Type.TEXT, one, two), Type.TEXT, one, two)


@given(*[st.lists(st.none() | st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=3)] * 2)
def test_numbers_come_out_as_they_are_or_parquet_is_used(
    one: list[float | None], two: list[float | None]
) -> None:
    """Whole ones must not become integers in one split alone."""
    check_guesses(metadata(Type.NUMBER, one, two), Type.NUMBER, one, two)


@given(*[st.lists(st.none() | st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=3)] * 2)
def test_integers_come_out_as_they_are_or_parquet_is_used(
    one: list[int | None], two: list[int | None]
) -> None:
    """All that 64 bits hold."""
    check_guesses(metadata(Type.INTEGER, one, two), Type.INTEGER, one, two)


@pytest.mark.parametrize(
    ("kind", "splits", "file"),
    [
        (Type.TEXT, (["a cat"], [None]), "jsonl"),
        (Type.TEXT, (["a cat"], ["2024-12-22"]), "parquet"),
        (Type.TEXT, (["2024-12-22", "2024-12-22 a cat."],), "jsonl"),
        (Type.TEXTS, ([("a", "b")], [()]), "jsonl"),
        (Type.MOMENT, (["2024-12-22T13:38:40Z"], ["2024-12-22T13:38:40.139Z"]), "jsonl"),
        (Type.INTEGER, ([1], [None, 2]), "jsonl"),
        (Type.INTEGER, ([1], [None]), "parquet"),
        (Type.BOOLEAN, ([True], [None]), "parquet"),
    ],
)
def test_json_lines_are_used_where_every_split_shows_the_types(
    kind: Type, splits: tuple[Sequence[Cell], ...], file: str
) -> None:
    """So that they are what most exports have; whoever wants Parquet gets it."""
    assert metadata(kind, *splits).kind("jsonl") == file
    assert metadata(kind, *splits).kind("parquet") == "parquet"


def test_every_part_that_is_guessed_at_a_time_must_show_a_texts_type() -> None:
    """`datasets` reads 10 MB at a time: a part of nothing but dates would be read as times."""
    long = ["x" * 1_000_000] * 11
    assert metadata(Type.TEXT, [*long, "2024-12-22"]).kind("jsonl") == "parquet"
    assert metadata(Type.TEXT, [*long, "2024-12-22", "x"]).kind("jsonl") == "jsonl"


def test_types_are_taken_from_the_first_part_alone() -> None:
    """A number that comes after 10 MB of rows without one would come too late."""
    column = Field[Entry]("long", Type.TEXT, "it", lambda _: "x" * 1_000_000)
    late = metadata(Type.INTEGER, [None] * 11 + [1])
    assert Metadata.of((*late.fields, column), late.entries).kind("jsonl") == "parquet"
    early = metadata(Type.INTEGER, [1] + [None] * 11)
    assert Metadata.of((*early.fields, column), early.entries).kind("jsonl") == "jsonl"


def test_a_time_keeps_its_moment_and_gets_decimals() -> None:
    """With whole seconds alone Arrow reads a time, with decimals a text: not this here and that there."""
    found = metadata(Type.MOMENT, ["2024-12-22T13:38:40Z", "2024-06-20T06:02:26.278000Z", "soon", None])
    assert [row["cell"] for row in found.rows("s0")] == [
        "2024-12-22T13:38:40.000Z",
        "2024-06-20T06:02:26.278000Z",
        "soon",
        "",
    ]


def test_numbers_that_nobody_knows_have_no_column() -> None:
    """Of an archive that was never verified nothing was measured."""
    assert metadata(Type.NUMBER, [None], [None]).fields == ()
    assert metadata(Type.TEXT, [None], [None]).fields != ()
