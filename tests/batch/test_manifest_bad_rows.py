"""Rows that cannot be used: each says why and where, and costs nothing but itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from archiver.batch.manifest import ManifestRow, read_manifest
from archiver.batch.manifest.row import MAX_ROW_BYTES
from archiver.domain.events import RowRejected


def _read(path: Path, data: bytes) -> tuple[list[str], dict[int, str]]:
    """Return the ids that were read, and the reasons by line."""
    path.write_bytes(data)
    rows = list(read_manifest(str(path)))
    rejected = [row for row in rows if isinstance(row, RowRejected)]
    assert all(row.file == str(path) for row in rejected)
    reasons = {row.line: row.reason for row in rejected}
    assert len(reasons) == len(rejected), "each is told once"
    return [row.id for row in rows if isinstance(row, ManifestRow)], reasons


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (b'{"tags": 1, "name": "x"}', "no column task_id or id; found tags, name"),
        (b"{}", "no column task_id or id; found none"),
        (b'{"id": ""}', "the id is empty"),
        (b'{"id": null}', "the id is empty"),
        (b'{"id": "   "}', "'' is not a generation id"),
        (b'{"id": 17}', "the id is a number, not text"),
        (b'{"id": ["a"]}', "the id is a list, not text"),
        (b'{"id": "../../etc/passwd"}', "is not a generation id"),
        (b'{"id": "a\\u0000"}', "is not a generation id"),
        (b'"\\u001b[31m"', r"'\x1b[31m' is not a generation id"),
        (b"17", "a row is an object or an id in quotes, not a number"),
        (b"null", "not null"),
        (b'{"id": "a"', "not valid JSON"),
        (b'{"id": "a"} {"id": "b"}', "not valid JSON: JSON is malformed: trailing characters"),
        (b"\0\0\0\0", "not valid JSON"),
        (b'{"id": "a", "n": 1e999}', "not valid JSON: Number out of range"),
        (b'{"id": "\xff"}', "not UTF-8"),
        (b'{"id": "a", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
        (b'{"id": "a", "x": "' + b"y" * MAX_ROW_BYTES + b'"}', "the row is over 8 MB"),
    ],
)
def test_a_bad_json_line_costs_only_itself(tmp_path: Path, row: bytes, words: str) -> None:
    """The rows around it are read; the reason names what was found and stays one printable line."""
    ids, reasons = _read(tmp_path / "m.jsonl", b'{"id": "before"}\n' + row + b'\n{"id": "after"}\n')
    assert ids == ["before", "after"]
    assert list(reasons) == [2]
    assert words in reasons[2]
    assert reasons[2].isprintable()


@pytest.mark.parametrize(
    ("element", "words"),
    [
        (b"{id: 1}", "not valid JSON"),
        (b'{"id": "\xff"}', "not UTF-8"),
        (b'{"id": 1.5}', "the id is a number"),
        (b'{"id": "a"]', "not valid JSON"),
        (b'"a" "b"', "not valid JSON"),
        (b"[]", "a row is an object or an id in quotes, not a list"),
        (b'{"id": "a", "x": "' + b"y" * MAX_ROW_BYTES + b'"}', "the row is over 8 MB"),
    ],
)
def test_a_bad_element_of_an_array_costs_only_itself(tmp_path: Path, element: bytes, words: str) -> None:
    """A parser of the whole would stop at it; the elements are cut apart first."""
    ids, reasons = _read(tmp_path / "m.json", b'["before",\n' + element + b',\n"after"]')
    assert ids == ["before", "after"]
    assert list(reasons) == [2]
    assert words in reasons[2]


@pytest.mark.parametrize(
    ("data", "ids", "line"),
    [
        (b'[{"id": "a"},\n{"id": "b', ["a"], 2),
        (b'[{"id": "a"},\n{"id": "b"}', ["a", "b"], 2),
        (b'[{"id": "a"},\n{"id": "b"},\n\n', ["a", "b"], 4),
        (b'["a",\n"b', ["a"], 2),
        (b'["a"\n, {"x": [1, 2,\n\n', ["a"], 2),
        (b"[", [], 1),
    ],
)
def test_a_file_cut_short_keeps_the_rows_before_and_names_the_line(
    tmp_path: Path, data: bytes, ids: list[str], line: int
) -> None:
    """A copy that broke off must not pass for a whole list."""
    read, reasons = _read(tmp_path / "m.json", data)
    assert read == ids
    assert list(reasons) == [line]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (b"a,b", "cells: 2, columns in the header: 3"),
        (b"a,b,c,d", "cells: 4, columns in the header: 3"),
        (b",b,c", "the id is empty"),
        (b"a b,c,d", "'a b' is not a generation id"),
        (b'a,"b"c,d', "',' expected after '\"'"),
        (b"a,\xff,c", "not UTF-8"),
        (b"a\0,b,c", "is not a generation id"),
        (b"a,b\rc,d", "new-line character seen in unquoted field"),
        (b"a," + b"x" * 200_000 + b",c", "field larger than field limit"),
        (b"a," + b"x," * MAX_ROW_BYTES + b"c", "the row is over 8 MB"),
    ],
)
def test_a_bad_table_row_costs_only_itself(tmp_path: Path, row: bytes, words: str) -> None:
    """A row with a cell too few may be one that was cut short, its id with it: it is not guessed at."""
    ids, reasons = _read(tmp_path / "m.csv", b"id,x,y\nbefore,,\n" + row + b"\nafter,,\n")
    assert ids == ["before", "after"]
    assert list(reasons) == [3]
    assert words in reasons[3]


def test_a_quote_that_is_never_closed_does_not_swallow_the_file(tmp_path: Path) -> None:
    """It names the line on which it was opened; what follows the limit of a cell is read again."""
    rows = b"".join(b"row-%d,x\n" % number for number in range(50_000))
    ids, reasons = _read(tmp_path / "m.csv", b'id,x\na,x\nb,"open\n' + rows)
    assert ids[0] == "a"
    assert list(reasons) == [3]
    assert len(ids) > 30_000


def test_an_open_quote_at_the_end_is_a_row_cut_short(tmp_path: Path) -> None:
    """The csv module alone would hand out the half row."""
    ids, reasons = _read(tmp_path / "m.csv", b'id,x\na,x\nb,"op')
    assert ids == ["a"]
    assert reasons == {3: "the file ends inside a quoted cell"}


def test_bad_lines_of_text_cost_only_themselves(tmp_path: Path) -> None:
    """Bytes that are no UTF-8, ids that are none, a line without an end."""
    long = b"x" * (MAX_ROW_BYTES + 3)
    ids, reasons = _read(tmp_path / "m.txt", b"a\n\xff\nb c\n" + long + b"\nd\n" + b"e" * 129 + b"\n..\nf")
    assert ids == ["a", "d", "f"]
    assert reasons[2] == "not UTF-8"
    assert reasons[3].startswith("'b c' is not a generation id")
    assert reasons[4] == "the row is over 8 MB"
    assert sorted(reasons) == [2, 3, 4, 6, 7]
