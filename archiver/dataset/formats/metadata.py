"""The metadata of a folder of media: one row a file, the same columns of the same types in every split.

`datasets` takes the types of JSON lines from their values, as Arrow guesses them, and refuses splits of which
the types differ (datasets 5.2.0, folder_based_builder.py, _split_generators; `features` in the card come too
late for that check). A column of nulls alone gets the type null, a list that is empty everywhere is a list of
nulls, and texts that all look like times come out as times, captions, too. Hence the rules:

1. A text is never null: what is unknown is empty, whatever the kind of the file. Several texts are one, with
   commas between them. Of a time the seconds have decimals: those Arrow leaves a text.
2. A column of numbers that are all unknown is left out of all splits.
3. Where the values of a split still do not show a column's type, the kind is Parquet, which states it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import msgspec

from archiver.dataset.facts import Cell, Field, Type
from archiver.dataset.formats.extras import require_pyarrow
from archiver.dataset.output import Output
from archiver.dataset.plan import Sample
from archiver.domain.timing import parse_timestamp

# So much of a file of JSON lines is guessed at a time (datasets 5.2.0, _read_metadata: chunksize).
_GUESSED_BYTES = 10 << 20
# What Arrow may take for a time: `2024-12-22`, `2024-12-22 13:38Z` …; whole seconds alone (pyarrow 26).
_LIKE_A_TIME = re.compile(r"\d{4}-\d\d-\d\d[^.]*", re.ASCII)
_TEXTS = {Type.TEXT, Type.MOMENT, Type.TEXTS, Type.JSON}

Row = dict[str, Cell]
Fields = tuple[Field[Any], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A file of a sample in its place: `path` is below the dataset's folder."""

    field: str
    path: str
    size: int
    sha256: str

    @property
    def name(self) -> str:
        """The file's name, which is its path from the metadata beside it."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a row is about: a file of a sample, and those that go with it, by their fields."""

    sample: Sample
    file: Placed
    others: Mapping[str, Placed] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Metadata:
    """The rows of all splits; make it by `of`."""

    fields: Fields
    entries: Mapping[str, Sequence[Entry]]

    @classmethod
    def of(cls, fields: Iterable[Field[Entry]], entries: Mapping[str, Sequence[Entry]]) -> Metadata:
        """Return the metadata with those of the fields of which something can be said."""
        every = [entry for found in entries.values() for entry in found]
        plain = (_plain(one) for one in fields)
        known = (one for one in plain if any(one.read(entry) is not None for entry in every))
        return cls(tuple(known), entries)

    def rows(self, split: str) -> Iterator[Row]:
        """Give a split's rows, with the columns in the order of the fields."""
        for entry in self.entries[split]:
            yield {one.name: one.read(entry) for one in self.fields}

    def kind(self, wanted: str) -> str:
        """Return the kind of file that carries the rows: what is wanted, or `parquet` where that must be.

        Raises `UsageError` where it takes a library that is not there.
        """
        shown = (_shows_types(self.fields, self.rows(split)) for split in self.entries)
        if wanted == "jsonl" and all(shown):
            return "jsonl"
        require_pyarrow("metadata.parquet (JSON lines would not show every column's type)")
        return "parquet"

    def write(self, split: str, kind: str, output: Output) -> None:
        """Write a split's file."""
        if kind == "jsonl":
            for row in self.rows(split):
                output.write(_line(row))
            return
        from archiver.dataset.formats.parquetfile import schema_of, write_parquet  # noqa: PLC0415 - imports pyarrow

        write_parquet(output, schema_of(self.fields, {}), self.rows(split))


def _plain(column: Field[Entry]) -> Field[Entry]:
    """Return a field of a plain type, of which no text is unknown."""
    kind = Type.TEXT if column.type in _TEXTS else column.type
    return replace(column, type=kind, read=partial(_cell, column))


def _cell(column: Field[Entry], entry: Entry) -> Cell:
    value = column.read(entry)
    if isinstance(value, tuple):
        return ",".join(value)
    if value is None:
        return "" if column.type in _TEXTS else None
    if column.type is Type.MOMENT:
        return _with_decimals(str(value))
    return float(value) if column.type is Type.NUMBER else value


def _with_decimals(text: str) -> str:
    moment = None if "." in text else parse_timestamp(text)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z") if moment else text


def _line(row: Row) -> bytes:
    return msgspec.json.encode(row) + b"\n"


def _shows_types(fields: Fields, rows: Iterable[Row]) -> bool:
    """Tell whether Arrow will guess every column's type right, in each part that it guesses at a time."""
    for number, part in enumerate(_parts(rows)):
        for one in fields:
            cells = (row[one.name] for row in part)
            if one.type is Type.TEXT:
                is_shown = any(not _LIKE_A_TIME.fullmatch(str(cell)) for cell in cells)
            else:
                # Types are taken from the first part; nulls alone do no harm in a later one.
                is_shown = number > 0 or any(cell is not None for cell in cells)
            if not is_shown:
                return False
    return True


def _parts(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Give the rows as they are read: so many bytes, and on to the end of a line."""
    part: list[Row] = []
    size = 0
    for row in rows:
        part.append(row)
        size += len(_line(row))
        if size > _GUESSED_BYTES:
            yield part
            part, size = [], 0
    if part:
        yield part
