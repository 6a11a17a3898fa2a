"""Rows as lines of text: CSV as RFC 4180 has it, and JSON Lines."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from archiver.dataset.facts import Cell
from archiver.dataset.rows import Row

_LINES = msgspec.json.Decoder(dict[str, Any])


def csv_line(cells: Iterable[Cell]) -> bytes:
    """Return a record (RFC 4180 §2): texts are quoted, and null is nothing between the commas.

    So a text that is empty is told from null, and `csv.QUOTE_STRINGS` does so too, from Python 3.12 on.
    """
    return (",".join(map(_csv_cell, cells)) + "\r\n").encode()


def json_line(row: Row) -> bytes:
    """Return a row as a line of JSON (RFC 8259), its columns in their order."""
    return msgspec.json.encode(row) + b"\n"


def count_csv(path: Path, names: Sequence[str]) -> int:
    """Return the number of a CSV file's records below its head. Raises `ValueError` if one is not whole."""
    with _long_fields(), path.open(encoding="utf-8", newline="") as file:
        records = csv.reader(file, strict=True)
        try:
            if next(records, None) != list(names):
                msg = "has other columns"
                raise ValueError(msg)
            return sum(_is_whole(len(record) == len(names)) for record in records)
        except csv.Error as error:
            msg = "is not CSV"
            raise ValueError(msg) from error


def count_json(path: Path, names: Sequence[str]) -> int:
    """Return the number of a file's lines. Raises `ValueError` where one is no row of these columns."""
    with path.open("rb") as file:
        try:
            return sum(_is_whole(list(_LINES.decode(line)) == list(names)) for line in file)
        except msgspec.MsgspecError as error:
            raise ValueError(str(error)) from error


def _csv_cell(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case bool():
            return "true" if cell else "false"
        case int() | float():
            return repr(cell)
        case tuple():
            return _quoted(",".join(cell))
        case str():
            return _quoted(cell)


def _quoted(text: str) -> str:
    doubled = text.replace('"', '""')
    return f'"{doubled}"'


def _is_whole(is_right: bool) -> int:  # noqa: FBT001 - what was found
    if not is_right:
        msg = "has a row with other columns"
        raise ValueError(msg)
    return 1


@contextmanager
def _long_fields() -> Iterator[None]:
    """Let `csv` read fields over its 128 KiB: an answer may be longer. The limit is the whole process's."""
    before = csv.field_size_limit(sys.maxsize)
    try:
        yield
    finally:
        csv.field_size_limit(before)
