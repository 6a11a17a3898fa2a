"""What a person reads of a run, and on which stream."""

from __future__ import annotations

import pytest

from archiver.cli.narration import Narration, Sinks
from archiver.cli.settings import Display
from archiver.domain.errors import DiskFullError, ErrorRecord, RunError, RunInterruptedError
from archiver.domain.events import (
    AssetStarted,
    BytesReceived,
    ConcurrencyChanged,
    Event,
    GenerationPlanned,
    GenerationWaiting,
    Noticed,
    RetryScheduled,
    RowRejected,
)
from archiver.domain.identity import AssetName
from archiver.domain.outcome import Outcome, RunReport, Tally
from tests.cli.samples import ID, PATH, finished, report

_USUAL = Display()


def _told(
    *events: Event, display: Display = _USUAL, end: RunReport | None = None
) -> tuple[list[str], list[str]]:
    """Return what went to standard output and what to standard error."""
    out: list[str] = []
    err: list[str] = []
    narration = Narration(Sinks(out=out.append, err=err.append), display)
    for event in events:
        narration(event)
    if end:
        narration.finish(end)
    return out, err


EVERY_OUTCOME = tuple(finished(outcome) for outcome in Outcome)


def test_good_results_go_to_standard_output_and_bad_ones_to_standard_error() -> None:
    """A cron job that throws standard output away is told of what is wrong; `unchanged` is no news."""
    out, err = _told(*EVERY_OUTCOME)
    assert out == [
        f"archived {ID}: 4.6 kB in 1.2 s, {PATH}",
        f"pending {ID}: processing at the service: a later run fetches it",
    ]
    assert err == [
        f"mismatched {ID}: thumbnail not as promised; kept, the sidecar says why: {PATH}",
        f"incomplete {ID}: thumbnail missing: the sidecar says why: {PATH}",
        f"failed {ID}: the service could not make it: no reason given",
        f"error {ID}: no reason given",
    ]


def test_a_reason_is_given_once_without_the_id_twice() -> None:
    """Errors of the service begin with the id already; its words may hold anything."""
    _, err = _told(finished(Outcome.ERROR, f"{ID}: HTTP 500\x1b[31m\nnext"))
    assert err == [f"error {ID}: HTTP 500\\x1b[31m\\nnext; `luma-archiver sync` tries it again"]


def test_quiet_is_silent_on_success() -> None:
    """What cron mails is what is wrong."""
    good = (finished(Outcome.ARCHIVED), finished(Outcome.UNCHANGED), Noticed("x"))
    assert _told(*good, display=Display(quiet=True), end=report(archived=1)) == ([], [])
    out, err = _told(*EVERY_OUTCOME, display=Display(quiet=True), end=report(error=1))
    assert out == []
    assert [line.partition(" ")[0] for line in err] == ["mismatched", "incomplete", "failed", "error"]


def test_with_json_standard_output_is_left_to_it() -> None:
    """Problems are told on standard error as ever."""
    out, err = _told(*EVERY_OUTCOME, display=Display(json=True), end=report(error=1))
    assert out == []
    assert len(err) == 4


def test_a_bad_row_is_told_as_editors_parse_it() -> None:
    """The contract's form."""
    assert _told(RowRejected("ids.txt", 7, "not UTF-8")) == ([], ["ids.txt: line 7: not UTF-8"])


def test_a_wait_is_told_once_and_every_time_when_asked() -> None:
    """A clip takes minutes and is asked for every few seconds."""
    waits = [GenerationWaiting(ID, "pending", 3.0)] * 3
    assert _told(*waits)[1] == [f"waiting {ID}: pending at the service, next look in 3.0 s"]
    assert len(_told(*waits, display=Display(verbose=True))[1]) == 3
    assert len(_told(waits[0], finished(Outcome.PENDING), waits[0])[1]) == 2


def test_retries_and_beginnings_are_told_with_verbose_only() -> None:
    """They are what one wants to see when something is slow."""
    events = (
        RetryScheduled(ID, "video", ErrorRecord(kind="broken", message="cut"), 1.5),
        AssetStarted(ID, AssetName.VIDEO, 4_000_000, 1_000_000),
        AssetStarted(ID, AssetName.THUMBNAIL, None, 0),
        BytesReceived(5),
        ConcurrencyChanged(32, None),
        ConcurrencyChanged(8, "media.example"),
    )
    assert _told(*events) == ([], [])
    assert _told(*events, display=Display(verbose=True))[1] == [
        f"retrying {ID}: video in 1.5 s: cut",
        f"fetching {ID}: video, 4.0 MB, from 1.0 MB on",
        f"fetching {ID}: thumbnail, unknown size",
        "concurrency: 32 files at once",
        "concurrency: 8 files at once from media.example",
    ]


@pytest.mark.parametrize(
    ("end", "text"),
    [
        (report(archived=2, mismatched=1), "2 archived, 1 mismatched: 45.7 kB in 12 s"),
        (report(), "nothing to do: 45.7 kB in 12 s"),
        (RunReport(tally=Tally(bad_rows=1), seconds=0.1), "1 bad row: 0 B in 0.1 s"),
        (RunReport(tally=Tally(bad_rows=2), seconds=0.1), "2 bad rows: 0 B in 0.1 s"),
    ],
)
def test_the_summary_names_what_there_was(end: RunReport, text: str) -> None:
    """Counts of nothing are left out."""
    assert _told(end=end) == ([text], [])


def test_a_run_that_failed_before_its_work_does_not_say_that_there_was_none() -> None:
    """Without a key, or on a full disk, there may be very much to do."""
    end = RunReport(tally=Tally(), seconds=0.1, error=RunError("no key"))
    assert _told(end=end) == (["nothing was done: 0 B in 0.1 s"], ["luma-archiver: no key"])


def test_a_dry_run_adds_up_files_and_bytes() -> None:
    """What the host does not say is said to be unknown; what comes with another file is no file more."""
    sizes = {AssetName.VIDEO: 4_000_000, AssetName.VIDEO_RAW: 0, AssetName.THUMBNAIL: None}
    plan = GenerationPlanned(ID, PATH, sizes)
    end = RunReport(tally=Tally(planned=1), seconds=0.5)
    out, _ = _told(plan, end=end)
    assert out == [
        f"planned {ID}: video 4.0 MB, video_raw (the same file), thumbnail ?, {PATH}",
        "dry run: 2 files to fetch, 4.0 MB, not counting 1 of unknown size",
        "1 to fetch: 0 B in 0.5 s",
    ]


def test_what_ended_the_run_is_told_last_also_when_quiet() -> None:
    """One line: what, and what to do."""
    end = report(DiskFullError("1 GB are free"))
    assert _told(display=Display(quiet=True), end=end) == ([], ["luma-archiver: 1 GB are free"])
    tally = Tally(left_over="2 h have passed (--max-duration)", first_left=ID)
    left = RunReport(tally=tally, seconds=1)
    (line,) = _told(display=Display(quiet=True), end=left)[1]
    assert line == (
        f"luma-archiver: stopped early: 2 h have passed (--max-duration), {ID} and what follows it are left; "
        "run the same again for the rest"
    )


def test_a_closed_pipe_needs_no_telling() -> None:
    """`| head` has seen enough."""
    assert _told(end=report(RunInterruptedError(13)))[1] == []
    assert len(_told(end=report(RunInterruptedError(15)))[1]) == 1


def test_colour_marks_the_first_word_of_a_problem() -> None:
    """Where it is wanted at all."""
    err: list[str] = []
    narration = Narration(Sinks(out=err.append, err=err.append, colour=True), Display())
    narration(finished(Outcome.ERROR))
    narration(finished(Outcome.ARCHIVED))
    assert err[0].startswith("\x1b[31merror\x1b[0m " + ID)
    assert "\x1b" not in err[1]
