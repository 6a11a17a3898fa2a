"""What holds for every manifest: nothing is lost, only `UsageError` is raised, memory stays."""

from __future__ import annotations

import csv
import json
import tempfile
import tracemalloc
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.batch.manifest import ManifestRow, read_manifest
from archiver.domain.errors import UsageError

_IDS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,30}", fullmatch=True)
_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
_NUMBERS = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
_VALUES = st.recursive(
    st.none() | st.booleans() | _NUMBERS | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=8,
)
_NAMES = _TEXTS.filter(lambda name: name not in {"id", "task_id", "data", "state"})
_ROWS = st.lists(st.tuples(_IDS, st.dictionaries(_NAMES, _VALUES, max_size=4)), max_size=8)


def _read_back(name: str, data: bytes) -> list[Any]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        return list(read_manifest(str(path)))


def _pairs(rows: Iterable[Any]) -> list[tuple[str, dict[str, Any]]]:
    assert all(isinstance(row, ManifestRow) for row in rows), rows
    return [(row.id, dict(row.row)) for row in rows]


@given(_ROWS, st.sampled_from([None, 0, 2]), st.booleans())
def test_json_arrays_come_back_as_they_were_written(rows: Any, indent: int | None, ascii_only: bool) -> None:  # noqa: ANN401, FBT001 - hypothesis draws them
    """Ids, columns and every number, however the file is laid out."""
    text = json.dumps([{**row, "id": name} for name, row in rows], indent=indent, ensure_ascii=ascii_only)
    assert _pairs(_read_back("m.json", text.encode())) == rows


@given(_ROWS, st.sampled_from(["\n", "\r\n"]), st.sampled_from(["m.jsonl", "m.json", "m"]))
def test_json_lines_come_back_as_they_were_written(rows: Any, end: str, name: str) -> None:  # noqa: ANN401 - hypothesis draws them
    """Also where the extension says something near, or nothing."""
    text = "".join(json.dumps({"id": generation, **row}) + end for generation, row in rows)
    read = _read_back(name, text.encode())
    assert _pairs(read) == rows
    assert [row.line for row in read] == list(range(1, len(rows) + 1))


@given(_ROWS, st.sampled_from(["\n", "\r\n"]))
def test_ids_come_back_from_text(rows: Any, end: str) -> None:  # noqa: ANN401 - hypothesis draws them
    """Columns have no place there."""
    text = "".join(f"{generation}{end}" for generation, _ in rows)
    assert _pairs(_read_back("m.txt", text.encode())) == [(generation, {}) for generation, _ in rows]


@given(
    st.lists(st.tuples(_IDS, _TEXTS, _TEXTS), max_size=8),
    st.sampled_from([("m.csv", ","), ("m.csv", ";"), ("m.tsv", "\t")]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_tables_come_back_as_they_were_written(rows: Any, form: tuple[str, str], end: str) -> None:  # noqa: ANN401 - hypothesis draws them
    """Cells hold delimiters, quotes and line breaks of every kind."""
    name, delimiter = form
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
            writer.writerows([("caption", "id", "split"), *((one, key, two) for key, one, two in rows)])
        read = list(read_manifest(str(path)))
    assert _pairs(read) == [(key, {"caption": one, "split": two}) for key, one, two in rows]


_MARKS = st.sampled_from(
    [b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b"\n", b"\r", b"id", b"#", b"\0", b"\xff"]
)


@given(
    st.binary(max_size=200) | st.lists(_MARKS | st.binary(max_size=3), max_size=40).map(b"".join),
    st.sampled_from(["m.txt", "m.jsonl", "m.json", "m.csv", "m.tsv", "m"]),
)
def test_no_bytes_raise_anything_but_a_usage_error(data: bytes, name: str) -> None:
    """Whatever is handed in; and what was accepted can be written into a sidecar."""
    try:
        rows = _read_back(name, data)
    except UsageError:
        return
    for row in rows:
        assert 1 <= row.line <= data.count(b"\n") + 1
        if isinstance(row, ManifestRow):
            msgspec.json.encode(row.row)
        else:
            assert row.reason.isprintable()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "head", "row", "tail"),
    [
        ("m.txt", b"", b"row-%d # a comment on this row\n", b""),
        ("m.jsonl", b"", b'{"id": "row-%d", "tags": ["a", "b"]}\n', b""),
        ("m.json", b"[", b'{"id": "row-%d", "tags": ["a", "b"]}, ', b'"last"]'),
        ("m.csv", b"id,tags\n", b"row-%d,a tag and another\n", b""),
    ],
)
def test_memory_does_not_grow_with_the_manifest(
    tmp_path: Path, name: str, head: bytes, row: bytes, tail: bytes
) -> None:
    """A million rows are read as six thousand are, which fill the buffers: one at a time."""
    peaks = []
    for count in (6_000, 24_000):
        path = tmp_path / name
        path.write_bytes(head + b"".join(row % number for number in range(count)) + tail)
        tracemalloc.start()
        read = sum(1 for _ in read_manifest(str(path)))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert read == count + bool(tail)
    assert peaks[1] < 1.2 * peaks[0]
