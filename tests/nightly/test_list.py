"""`list`: what is chosen, in which order, in which form, and that its lines are a manifest."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.batch.listing.columns import COLUMNS, listed_owed
from archiver.batch.manifest import ManifestRow, read_manifest
from archiver.domain.errors import UsageError
from archiver.domain.filtering.where import parse_where
from archiver.domain.identity import parse_id
from archiver.domain.owed import added
from archiver.domain.sidecar import AssetStatus
from archiver.storage.archive import Archive
from archiver.storage.index import Index
from tests.nightly.made import index, keep
from tests.nightly.program import Program

_NOW = datetime(2025, 1, 1, tzinfo=UTC)
_ROW = listed_owed(added(parse_id("g-1"), _NOW, row={}, answer=None))


@pytest.fixture(autouse=True)
def _made(archive: Path) -> None:
    """Make an archive of four generations that differ in all that is asked for."""
    keep(archive, "cat", created_at="2024-06-01T10:00:00Z", prompt="a Cat, dancing")
    keep(archive, "dog", created_at="2024-06-02T10:00:00Z", prompt="dog", status=AssetStatus.MISMATCHED)
    keep(archive, "eel", created_at=None, prompt=None, status=AssetStatus.MISSING)
    keep(
        archive,
        "fox",
        created_at="2024-07-01T10:00:00Z",
        prompt="fox",
        state="failed",
        failure_reason="moderated",
        archived_at="2025-01-01T00:00:00Z",
    )
    index(archive)


@pytest.mark.parametrize(
    ("arguments", "ids"),
    [
        ([], ["cat", "dog", "fox", "eel"]),
        (["--state", "archived"], ["cat"]),
        (["--state", "failed"], ["fox"]),
        (["--where", "error = failed"], ["fox"]),
        (["--state", "incomplete,mismatched"], ["dog", "eel"]),
        (["--state", "completed"], ["cat", "dog", "eel"]),
        (["--since", "2025-01"], ["fox"]),
        (["--since", "2025-01-01T00:00:00.001Z"], []),
        (["--where", "prompt ~ cat"], ["cat"]),
        (["--where", "prompt = cat"], []),
        (["--where", "prompt !~ cat and prompt != null"], ["dog", "fox"]),
        (["--where", "prompt = null"], ["eel"]),
        (["--where", "bytes = 1K"], ["cat", "dog"]),
        (["--where", "bytes < 1000"], ["fox", "eel"]),
        (["--where", "created_at = 2024-06"], ["cat", "dog"]),
        (["--where", "created_at <= 2024-06-01"], ["cat"]),
        (["--where", "created_at > 2024-06-01"], ["dog", "fox"]),
        (["--where", "created_at >= 2024-06-01 and not created_at >= 2024-06-02"], ["cat"]),
        (["--where", "archived_at > 1d"], []),
        (["--where", "id = eel or (id = dog and video = mismatched)"], ["dog", "eel"]),
        (["--where", "video = missing"], ["eel"]),
        (["--where", "NOT (id='cat' OR id=\"dog\")"], ["fox", "eel"]),
        (["--sort", "id", "--limit", "2"], ["cat", "dog"]),
        (["--sort", "-id"], ["fox", "eel", "dog", "cat"]),
        (["--sort", "created_at"], ["cat", "dog", "fox", "eel"]),
        (["--sort", "-created_at"], ["fox", "dog", "cat", "eel"]),
        (["--sort", "-created_at", "--limit", "3"], ["fox", "dog", "cat"]),
        (["--limit", "0"], ["cat", "dog", "fox", "eel"]),
    ],
)
def test_what_is_asked_for_is_listed(program: Program, arguments: list[str], ids: list[str]) -> None:
    """Filters choose, `--sort` orders (what is unknown comes last), `--limit` cuts."""
    ended = program("list", "--json", *arguments)
    assert (ended.ids, ended.exit_code, ended.err) == (ids, 0, "")


def test_what_failed_is_listed_with_the_reason(program: Program) -> None:
    """Whoever looks through last night's failures should not have to open each."""
    (line,) = program("list", "--json", "--state", "failed").lines
    assert line["error"] == {"kind": "failed", "message": "moderated"}
    assert program("list", "--state", "failed").out.rstrip().endswith("  moderated")


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("promt = cat", "'promt' is not a column, did you mean prompt?"),
        ("xyzzy = 1", "'xyzzy' is not a column;"),
        ("prompt", "expected an operator (= != < <= > >= ~ !~) after prompt, found the end"),
        ("prompt =", "expected a value after =, found the end"),
        ("prompt = 'cat", '"\'cat" cannot be read'),
        ("(prompt = cat", "expected ')', found the end"),
        ("prompt = cat dance", "expected 'and', 'or' or the end, found 'dance'"),
        ("bytes > soon", "'soon' is not a size"),
        ("bytes ~ 1", "~ is for texts, not for sizes"),
        ("created_at < soon", "'soon' is not a time"),
        ("created_at < 2024-13", "'2024-13' is not a time"),
        ("prompt < null", "null can only be compared by = and !="),
        ("", "expected a column, found the end"),
        ("__import__('os').system('true')", "'__import__' is not a column"),
        ("(" * 5000 + "id = 1", "brackets are nested over 50 deep"),
    ],
)
def test_a_bad_expression_says_why_and_names_the_columns(
    program: Program, expression: str, words: str
) -> None:
    """Nobody should have to look for the manual."""
    ended = program("list", "--where", expression)
    assert (ended.out, ended.exit_code) == ("", 2)
    assert ended.err.startswith(f"luma-archiver: --where: {words}")
    assert all(name in ended.err for name in COLUMNS)
    assert ended.err.count("\n") == 1


@given(st.text(alphabet="idbytescra_()=!<>~'\" andornt7.-", max_size=60))
def test_no_text_makes_the_parser_fail_otherwise(text: str) -> None:
    """What is typed is an expression, which tells one row from another, or a usage error in one line."""
    try:
        told = str(parse_where(text, COLUMNS, _NOW)(_ROW))
    except UsageError as error:
        told = error.message
    assert told in {"True", "False"} or (told.isprintable() and "the columns are" in told)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--state", "eror"], "--state: 'eror' is not a state, did you mean error?"),
        (["--sort", "size"], "--sort: 'size' is not a column"),
        (["--since", "once"], "--since: 'once' is not a time"),
        (["--json", "--csv"], "--json and --csv exclude each other"),
    ],
)
def test_a_bad_filter_is_a_usage_error(program: Program, arguments: list[str], words: str) -> None:
    """One line, exit code 2, nothing on standard output."""
    ended = program("list", *arguments)
    assert (ended.out, ended.exit_code) == ("", 2)
    assert ended.err.startswith(f"luma-archiver: {words}")


def test_its_json_is_a_manifest_that_replaces_no_columns(program: Program, tmp_path: Path) -> None:
    """`list --json | batch -`: what the listing adds is no column, what a sidecar keeps stays."""
    manifest = tmp_path / "listed.jsonl"
    manifest.write_text(program("list", "--json").out)
    rows = list(read_manifest(str(manifest)))
    assert [(row.id, row.row, row.saved_answer) for row in rows if isinstance(row, ManifestRow)] == [
        (name, {}, None) for name in ("cat", "dog", "fox", "eel")
    ]


def test_its_csv_is_a_manifest_too(program: Program, tmp_path: Path) -> None:
    """A spreadsheet that was sorted and saved is fed back the same."""
    manifest = tmp_path / "listed.csv"
    manifest.write_text(program("list", "--csv").out)
    rows = list(read_manifest(str(manifest)))
    assert [(row.id, row.row) for row in rows if isinstance(row, ManifestRow)] == [
        (name, {}) for name in ("cat", "dog", "fox", "eel")
    ]


def test_columns_that_only_the_listing_keeps_come_along(tmp_path: Path) -> None:
    """Of a generation without a sidecar the manifest's columns would be lost otherwise."""
    manifest = tmp_path / "listed.jsonl"
    line = {
        "event": "listed",
        "id": "gnu",
        "state": "unknown",
        "outcome": "error",
        "manifest_row": {"tag": 1},
    }
    manifest.write_text(json.dumps(line))
    (row,) = read_manifest(str(manifest))
    assert isinstance(row, ManifestRow)
    assert row.row == {"tag": 1}


def test_csv_has_every_column_under_its_name(program: Program) -> None:
    """Quotes and commas in a prompt survive a spreadsheet."""
    rows = list(csv.DictReader(io.StringIO(program("list", "--csv").out)))
    assert set(rows[0]) == {*COLUMNS, "event"}
    assert (rows[0]["prompt"], rows[0]["bytes"], rows[0]["video"]) == ("a Cat, dancing", "1000", "verified")


def test_a_person_sees_a_line_each(program: Program) -> None:
    """What became of it, when it was made, how large it is, what it shows."""
    first, *_, last = program("list").out.splitlines()
    assert first.split(maxsplit=5) == ["archived", "cat", "2024-06-01", "1.0", "kB", "a Cat, dancing"]
    assert last.split() == ["incomplete", "eel", "----------", "0", "B"]


def test_a_person_sees_a_hundred_and_the_count_of_the_rest(archive: Path, program: Program) -> None:
    """A screen, or cron's mail, is not flooded; a program gets all."""
    for number in range(100):
        keep(archive, f"g-{number:03}")
    index(archive)
    *lines, rest = program("list").out.splitlines()
    assert len(lines) == 100
    assert rest.startswith("… and 4 more")
    assert len(program("list", "--limit", "0").out.splitlines()) == 104
    assert len(program("list", "--json").lines) == 104


def test_control_characters_in_a_prompt_move_no_cursor(archive: Path, program: Program) -> None:
    """A prompt is a stranger's text."""
    keep(archive, "hen", prompt="\x1b[2J\nfake")
    index(archive)
    assert "\\x1b[2J\\nfake" in program("list", "--where", "id = hen").out


def test_it_reads_while_a_run_writes(archive: Path, program: Program) -> None:
    """No lock is needed, and what was committed a moment ago is there."""
    with Index.open(Archive.open(archive)):
        keep(archive, "hen")
        assert "hen" in program("list", "--json").ids
    assert program("list", "--json").exit_code == 0


def test_without_an_index_it_lists_all_the_same_and_says_so(archive: Path, program: Program) -> None:
    """The sidecars are the truth; a reader makes no file."""
    (archive / "index.sqlite3").unlink()
    ended = program("list", "--json")
    assert len(ended.ids) == 4
    assert "index.sqlite3 is missing" in ended.err
    assert not (archive / "index.sqlite3").exists()


def test_where_no_archive_is_the_message_says_so(program: Program, tmp_path: Path) -> None:
    """A misspelt folder is not an empty archive."""
    ended = program("list", "--archive", str(tmp_path / "absent"))
    assert (ended.out, ended.exit_code) == ("", 1)
    assert "it does not exist" in ended.err


def test_a_reader_that_leaves_early_ends_it_quietly(archive: Path) -> None:
    """`luma-archiver list | head -1`."""
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "archiver", "list", "--archive", str(archive)]
    with os.fdopen(writing, "w") as closed:
        ended = subprocess.run(command, stdout=closed, stderr=subprocess.PIPE, check=False, timeout=60)  # noqa: S603 - this interpreter
    assert (ended.stderr, ended.returncode) == (b"", 141)
