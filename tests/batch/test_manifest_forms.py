"""Every form of manifest, read as the contract says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from archiver.batch.manifest import ManifestRow, check_manifest, read_manifest
from archiver.domain.errors import UsageError
from archiver.domain.events import RowRejected

Read = list[tuple[Any, ...]]


def _read(path: Path, data: bytes | str) -> Read:
    """Return (id, columns, line) of each row that was read, and (line, reason) of each that was not."""
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return [
        (row.line, row.reason) if isinstance(row, RowRejected) else (row.id, dict(row.row), row.line)
        for row in read_manifest(str(path))
    ]


def test_text_holds_an_id_a_line_with_comments_and_blank_lines(tmp_path: Path) -> None:
    """The simplest list there is; people write notes into it."""
    read = _read(tmp_path / "ids.txt", "# mine\n\n  a-1  \nb.2 # the good one\r\n\t\nc_3")
    assert read == [("a-1", {}, 3), ("b.2", {}, 4), ("c_3", {}, 6)]


def test_json_lines_hold_objects_and_bare_ids(tmp_path: Path) -> None:
    """What other programs write; `task_id` is asked before `id`, which is then a column like any other."""
    rows = (
        '{"id": "a", "tags": ["x", 1.5]}\n\n"b"\n{"task_id": " c ", "id": 7}\n{"task_id": null, "id": "d"}\n'
    )
    assert _read(tmp_path / "list.ndjson", rows) == [
        ("a", {"tags": ["x", 1.5]}, 1),
        ("b", {}, 3),
        ("c", {"id": 7}, 4),
        ("d", {"task_id": None}, 5),
    ]


def test_json_arrays_name_the_line_on_which_an_element_begins(tmp_path: Path) -> None:
    """A row of an indented file spans lines; a person looks for its first."""
    rows = [{"id": "a", "nested": {"list": [1, [2], {}]}}, {"id": "b"}]
    read = _read(tmp_path / "list.json", "\n" + json.dumps(rows, indent=2) + "\n")
    assert read == [("a", {"nested": {"list": [1, [2], {}]}}, 3), ("b", {}, 15)]


def test_brackets_and_quotes_inside_strings_do_not_end_a_value(tmp_path: Path) -> None:
    """Captions hold anything."""
    tricky = 'a "quoted" ]}, [{ and \\ and \\" and a backslash at the end \\'
    rows = [{"id": "a", "caption": tricky}, {"id": "b", "caption": tricky}]
    assert _read(tmp_path / "list.json", json.dumps(rows)) == [
        ("a", {"caption": tricky}, 1),
        ("b", {"caption": tricky}, 1),
    ]


def test_a_backslash_where_a_piece_of_the_file_ends_keeps_its_meaning(tmp_path: Path) -> None:
    """The file is read in pieces of 64 KiB: at every offset around the seam the text is the same."""
    for padding in range(65_500, 65_540):
        caption = "x" * padding + '\\"' * 8
        text = json.dumps([{"caption": caption, "id": "a"}, "b"])
        assert _read(tmp_path / "list.json", text) == [("a", {"caption": caption}, 1), ("b", {}, 1)]


@pytest.mark.parametrize(
    "text",
    ['{"id": "a", "n": 1}', '{\n "id": "a",\n "n": 1\n}', '{"id": "a", "n": 1}\n{"id": "b"}', '["a"]\n["b"]'],
)
def test_a_json_file_may_also_hold_values_without_an_array(tmp_path: Path, text: str) -> None:
    """One saved answer is a natural thing to hand in; so are JSON lines under the wrong name."""
    ids = [row[0] for row in _read(tmp_path / "one.json", text)]
    assert ids == ["a", "b"][: len(ids)]
    assert len(ids) == text.count('"a"') + text.count('"b"')


def test_csv_columns_are_kept_with_quoted_newlines_and_the_line_a_row_begins_on(tmp_path: Path) -> None:
    """RFC 4180: a quoted cell may hold line breaks, commas and doubled quotes."""
    text = 'task_id,caption,split\r\n a ,"two\nlines, ""quoted""",train\r\n\r\nb,,test\r\n,,\r\n'
    assert _read(tmp_path / "list.csv", text) == [
        ("a", {"caption": 'two\nlines, "quoted"', "split": "train"}, 2),
        ("b", {"caption": "", "split": "test"}, 5),
    ]


def test_columns_without_name_and_content_are_none(tmp_path: Path) -> None:
    """Spreadsheets write delimiters for empty columns."""
    assert _read(tmp_path / "list.csv", "id,x,,\ng-1,a,,\n") == [("g-1", {"x": "a"}, 2)]


@pytest.mark.parametrize(("name", "mark"), [("list.csv", ","), ("list.csv", ";"), ("list.tsv", "\t")])
def test_the_header_tells_the_delimiter(tmp_path: Path, name: str, mark: str) -> None:
    """Spreadsheets write semicolons where the comma is the decimal mark."""
    text = f"id{mark}tags\na{mark}x\n"
    assert _read(tmp_path / name, text) == [("a", {"tags": "x"}, 2)]


@pytest.mark.parametrize(
    "text",
    [
        "a # with, a comma\nb",
        "\n\n# a list\na\nb",
        '{"id": "a"}\n{"id": "b"}',
        '{\n"id": "a"\n}\n{"id": "b"}',
        '"a"\n"b"',
        ' \n [\n"a", "b"]',
        "id\na\nb",
        '"id","tags"\n"a",""\n"b",""',
        "id\ttags\na\t\nb\t\n",
    ],
)
def test_without_a_known_extension_the_content_tells_the_form(tmp_path: Path, text: str) -> None:
    """A process substitution (`<(…)`) and standard input have no extension."""
    assert [row[0] for row in _read(tmp_path / "manifest", text)] == ["a", "b"]


@pytest.mark.parametrize("name", ["m.txt", "m.jsonl", "m.json", "m.csv", "m.tsv", "m"])
def test_an_empty_manifest_is_fine(tmp_path: Path, name: str) -> None:
    """A nightly job with nothing to do succeeds."""
    for data in (b"", b"\n", b"\xef\xbb\xbf", b" \r\n\r\n"):
        assert _read(tmp_path / name, data) == []


@pytest.mark.parametrize("name", ["m.txt", "m.jsonl", "m.json", "m.csv", "m"])
def test_a_byte_order_mark_is_no_part_of_the_first_row(tmp_path: Path, name: str) -> None:
    """Windows programs write one."""
    text = {"m.jsonl": '{"id": "a"}', "m.json": '["a"]', "m.csv": "id\na"}.get(name, "a")
    assert [row[0] for row in _read(tmp_path / name, b"\xef\xbb\xbf" + text.encode())] == ["a"]


def test_a_row_that_is_a_saved_answer_is_kept_to_the_letter(tmp_path: Path) -> None:
    """It goes into the sidecar verbatim: no number may be written anew. The user's columns are kept."""
    answer = (
        '{"id": "a",  "state": "completed", "video": {"url": "https://h/v", "w": 5.0410}, "split": "train"}'
    )
    for name, text in (("m.jsonl", answer), ("m.json", f"[{answer} ,\n{answer}]")):
        (tmp_path / name).write_text(text)
        first = next(read_manifest(str(tmp_path / name)))
        assert isinstance(first, ManifestRow)
        assert first.saved_answer == answer.encode()
        assert dict(first.row) == {"split": "train"}


def test_a_wrapped_answer_is_a_saved_answer_too(tmp_path: Path) -> None:
    """Some relays put the object under `data`."""
    text = '{"data": {"id": "a", "state": "failed", "artifact": {"video": {"url": ""}}}, "tags": "x"}'
    (tmp_path / "m.jsonl").write_text(text)
    (row,) = read_manifest(str(tmp_path / "m.jsonl"))
    assert isinstance(row, ManifestRow)
    assert (row.id, row.saved_answer, dict(row.row)) == ("a", text.encode(), {"tags": "x"})


@pytest.mark.parametrize(
    "text",
    [
        '{"id": "a", "state": "pending", "video": {"url": "https://h/v"}}',
        '{"id": "a", "state": "completed", "video": null}',
        '{"task_id": "a", "state": "completed", "video": {"url": "https://h/v"}}',
        '{"id": "a", "state": 3, "video": {}}',
    ],
)
def test_an_answer_that_is_not_final_or_not_whole_is_asked_for_anew(tmp_path: Path, text: str) -> None:
    """What was saved while a generation was unfinished says nothing about it now."""
    (tmp_path / "m.jsonl").write_text(text)
    (row,) = read_manifest(str(tmp_path / "m.jsonl"))
    assert isinstance(row, ManifestRow)
    assert row.id == "a"
    assert row.saved_answer is None


def test_standard_input_is_read_as_it_comes_and_left_open() -> None:
    """`list --json | luma-archiver batch -`: a row is had before the next is written."""
    program = (
        "import sys\nfrom archiver.batch.manifest import read_manifest\n"
        "for row in read_manifest('-'): print(row.file, row.id, row.line, flush=True)\n"
        "import os; os.fstat(0)"
    )
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as child:  # noqa: S603 - this interpreter
        assert child.stdin
        assert child.stdout
        child.stdin.write(b'{"id": "a"}\n')
        assert child.stdout.readline() == b"<stdin> a 1\n"
        child.stdin.write(b'{"id": "b"}\n')
        assert child.stdout.readline() == b"<stdin> b 2\n"
        child.stdin.close()
        assert child.stdout.read() == b""
    assert child.returncode == 0


def test_a_named_pipe_can_be_checked_and_then_read(tmp_path: Path) -> None:
    """A pipe that was opened to be checked would be gone when it is to be read."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    check_manifest(str(pipe))
    with subprocess.Popen(["/bin/sh", "-c", f"printf 'a\\nb\\n' > '{pipe}'"]):  # noqa: S603 - a constant command
        assert [row.id for row in read_manifest(str(pipe)) if isinstance(row, ManifestRow)] == ["a", "b"]


@pytest.mark.parametrize("read", [check_manifest, lambda source: list(read_manifest(source))])
def test_a_file_that_cannot_be_read_is_named_with_the_reason(tmp_path: Path, read: Any) -> None:  # noqa: ANN401 - either function
    """A misspelt name is a usage error (exit code 2), not a bad row."""
    with pytest.raises(UsageError, match=r"absent\.txt: cannot be read: no such file"):
        read(str(tmp_path / "absent.txt"))
    with pytest.raises(UsageError, match="is a folder"):
        read(str(tmp_path))
    with pytest.raises(UsageError, match="cannot be read"):
        read("null\0byte")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("a\nb\n".encode("utf-16"), "is UTF-16: save it as UTF-8"),
        ("a\nb\n".encode("utf-16-le"), "is UTF-16"),
        ("abc\n".encode("utf-16-be"), "is UTF-16"),
        (b"PK\x03\x04\x14\0\0\0", "save it as CSV"),
        (b"\x1f\x8b\x08\0", "gzip"),
    ],
)
def test_a_file_of_another_kind_gives_one_message_not_a_thousand(
    tmp_path: Path, data: bytes, words: str
) -> None:
    """A spreadsheet handed in by mistake is not a list of bad rows."""
    with pytest.raises(UsageError, match=words):
        _read(tmp_path / "m.csv", data)


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("name,tags", "no column task_id or id; found name, tags"),
        ("id,tags,tags", "'tags' stands there twice"),
        ("\xff", "no column"),
        ('"id', "the file ends inside a quoted cell"),
    ],
)
def test_a_header_that_cannot_be_used_ends_the_file(tmp_path: Path, header: str, words: str) -> None:
    """Without a header no row means anything."""
    with pytest.raises(UsageError, match=rf"m\.csv: the header cannot be used: .*{words}"):
        _read(tmp_path / "m.csv", header + "\nx,y,z\n")
