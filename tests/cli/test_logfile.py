"""The log file: everything, with its time, added to what is there."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from archiver.cli.logfile import open_log
from archiver.cli.settings import LogOptions
from archiver.domain.errors import ErrorRecord
from archiver.domain.events import RetryScheduled, RowRejected
from archiver.domain.outcome import Outcome
from tests.cli.samples import ID, PATH, HandClock, finished, report


def test_every_line_has_its_time_in_utc_and_a_level(tmp_path: Path) -> None:
    """What the terminal leaves out is here, too; what an earlier run wrote stays."""
    path = tmp_path / "run.log"
    path.write_text("earlier\n")
    with open_log(LogOptions(path=path), HandClock(), pytest.fail) as log:
        log(finished(Outcome.ARCHIVED))
        log(finished(Outcome.UNCHANGED))
        log(RetryScheduled(ID, "video", ErrorRecord(kind="broken", message="cut"), 1.5))
        log(RowRejected("ids.txt", 7, "a\nb"))
        log.finish(report(archived=1))
    assert path.read_text().splitlines() == [
        "earlier",
        f"2024-12-22T13:38:40Z INFO  archived {ID}: 4.6 kB in 1.2 s, {PATH}",
        f"2024-12-22T13:38:40Z DEBUG unchanged {ID}: {PATH}",
        f"2024-12-22T13:38:40Z DEBUG retrying {ID}: video in 1.5 s: cut",
        "2024-12-22T13:38:40Z ERROR ids.txt: line 7: a\\nb",
        "2024-12-22T13:38:40Z INFO  1 archived: 45.7 kB in 12 s",
    ]


def test_a_log_that_cannot_be_opened_is_a_usage_error(tmp_path: Path) -> None:
    """Found before any work is done."""
    with (
        pytest.raises(click.UsageError, match=r"--log-file: .*absent.* cannot be written"),
        open_log(LogOptions(path=tmp_path / "absent" / "run.log"), HandClock(), pytest.fail),
    ):
        pytest.fail("it was opened")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_ends_the_log_and_not_the_run() -> None:
    """It is said once."""
    said: list[str] = []
    with open_log(LogOptions(path=Path("/dev/full")), HandClock(), said.append) as log:
        log(finished(Outcome.ARCHIVED))
        log(finished(Outcome.ARCHIVED))
    assert said == ["/dev/full: the log ends here: No space left on device"]
