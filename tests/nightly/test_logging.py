"""The log of a job that runs for years: put aside when it is large, and readable by programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from archiver.cli.logfile import open_log
from archiver.cli.rotation import KEPT_FILES, RotatingLines
from archiver.cli.settings import LogFormat, LogOptions
from archiver.domain.events import Noticed, RowRejected
from archiver.domain.outcome import Outcome
from tests.cli.samples import ID, HandClock, finished, report


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return an empty folder for logs."""
    path = tmp_path / "logs"
    path.mkdir()
    return path


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines()


def test_a_large_log_is_put_aside_and_the_oldest_goes(folder: Path) -> None:
    """No file grows beyond its size, no line is cut, and only so many files are kept."""
    path = folder / "run.log"
    with RotatingLines(path, 50, pytest.fail) as log:
        for number in range(100):
            log.write(f"line {number:014}")
    files = sorted(folder.iterdir())
    assert [file.name for file in files] == ["run.log", *(f"run.log.{n}" for n in range(1, KEPT_FILES + 1))]
    assert all(file.stat().st_size <= 50 for file in files)
    newest_first = [line for file in files for line in reversed(_lines(file))]
    assert newest_first == [f"line {number:014}" for number in range(99, 99 - len(newest_first), -1)]


def test_what_an_earlier_run_wrote_counts(folder: Path) -> None:
    """A job that writes little a night must not grow its log for ever."""
    path = folder / "run.log"
    path.write_text("x" * 49 + "\n")
    with RotatingLines(path, 50, pytest.fail) as log:
        log.write("new")
    assert (_lines(path), _lines(folder / "run.log.1")) == (["new"], ["x" * 49])


def test_without_a_limit_it_grows(folder: Path) -> None:
    """`--log-max-size 0`: somebody else's logrotate sees to it."""
    path = folder / "run.log"
    with RotatingLines(path, None, pytest.fail) as log:
        for _ in range(100):
            log.write("x" * 100)
    assert [file.name for file in folder.iterdir()] == ["run.log"]


def test_a_line_larger_than_the_limit_is_whole_all_the_same(folder: Path) -> None:
    """It has a file of its own."""
    path = folder / "run.log"
    with RotatingLines(path, 10, pytest.fail) as log:
        log.write("short")
        log.write("x" * 100)
        log.write("short")
    assert _lines(folder / "run.log.1") == ["x" * 100]


def test_a_log_that_cannot_be_put_aside_goes_on(folder: Path) -> None:
    """A folder has the name: the log grows, that is said once, and no line is lost."""
    path, said = folder / "run.log", list[str]()
    (folder / "run.log.5" / "in the way").mkdir(parents=True)
    (folder / "run.log.4").write_text("")
    with RotatingLines(path, 10, said.append) as log:
        for _ in range(3):
            log.write("x" * 8)
    assert _lines(path) == ["x" * 8] * 3
    assert len(said) == 1


def test_a_device_is_not_put_aside() -> None:
    """`--log-file /dev/stderr` under systemd."""
    with RotatingLines(Path("/dev/null"), 10, pytest.fail) as log:
        for _ in range(10):
            log.write("x" * 100)
    assert Path("/dev/null").is_char_device()


def test_json_lines_say_what_standard_output_would(folder: Path) -> None:
    """With time and level, and the words for people beside them."""
    path = folder / "run.log"
    options = LogOptions(path=path, form=LogFormat.JSON)
    with open_log(options, HandClock(), pytest.fail) as log:
        log(finished(Outcome.ERROR, "no connection"))
        log(RowRejected("ids.txt", 7, "a\nb"))
        log(Noticed("a notice"))
        log.problem("--exec failed")
        log.finish(report(archived=1))
    error, row, notice, problem, summary = map(json.loads, _lines(path))
    assert {error["time"], summary["time"]} == {"2024-12-22T13:38:40Z"}
    assert (error["level"], error["event"], error["id"]) == ("ERROR", "generation", ID)
    assert error["error"] == {"kind": "connect", "message": "no connection"}
    assert (row["event"], row["line"]) == ("row", 7)
    assert (notice["level"], notice["message"]) == ("INFO", "a notice")
    assert (problem["level"], problem["message"]) == ("ERROR", "--exec failed")
    assert (summary["event"], summary["archived"], summary["exit_code"]) == ("summary", 1, 0)
