"""What a run's end means, and the exit code that says so."""

from __future__ import annotations

import signal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.domain.errors import (
    ArchiveError,
    ArchiveLockedError,
    DiskFullError,
    KeyRefusedError,
    RunError,
    RunInterruptedError,
    UsageError,
)
from archiver.domain.identity import parse_id
from archiver.domain.outcome import GenerationResult, Outcome, RunReport, Tally

INCOMPLETE = {Outcome.INCOMPLETE, Outcome.FAILED, Outcome.ERROR}


def _tally(*outcomes: Outcome) -> Tally:
    tally = Tally()
    for outcome in outcomes:
        tally.add(GenerationResult(id=parse_id("a"), state="x", outcome=outcome, bytes_fetched=10))
    return tally


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (Outcome.ARCHIVED, 0),
        (Outcome.UNCHANGED, 0),
        (Outcome.PENDING, 0),
        (Outcome.MISMATCHED, 4),
        (Outcome.INCOMPLETE, 3),
        (Outcome.FAILED, 3),
        (Outcome.ERROR, 3),
    ],
)
def test_every_outcome_has_its_code(outcome: Outcome, code: int) -> None:
    """The contract's table."""
    assert _tally(outcome).exit_code == code


def test_the_table_is_complete() -> None:
    """A new outcome needs a line above."""
    assert len(Outcome) == 7


@given(st.lists(st.sampled_from(Outcome)))
def test_3_wins_over_4_wins_over_0(outcomes: list[Outcome]) -> None:
    """Whatever their number and order."""
    expected = 3 if INCOMPLETE & set(outcomes) else 4 if Outcome.MISMATCHED in outcomes else 0
    tally = _tally(*outcomes)
    assert tally.exit_code == expected
    assert sum(tally.counts.values()) == len(outcomes)
    assert tally.bytes_fetched == 10 * len(outcomes)


def test_a_bad_row_or_work_left_over_is_incomplete() -> None:
    """A budget that ran out, a row that nobody can read: the archive is not whole."""
    bad_row, left_over = _tally(Outcome.MISMATCHED), _tally(Outcome.ARCHIVED)
    bad_row.bad_rows = 1
    left_over.left_over = "--max-bytes"
    assert (bad_row.exit_code, left_over.exit_code) == (3, 3)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ArchiveError("x"), 1),
        (DiskFullError("x"), 1),
        (UsageError("x"), 2),
        (ArchiveLockedError("x"), 11),
        (KeyRefusedError("x"), 12),
        (RunInterruptedError(signal.SIGINT), 130),
        (RunInterruptedError(signal.SIGTERM), 143),
    ],
)
def test_what_stopped_the_run_wins_over_what_became_of_its_generations(error: RunError, code: int) -> None:
    """A full disk explains the rest."""
    report = RunReport(tally=_tally(Outcome.ERROR, Outcome.MISMATCHED), seconds=1.0, error=error)
    assert report.exit_code == code


def test_a_run_that_came_to_its_end_has_its_tally_s_code() -> None:
    """Nothing stopped it."""
    assert RunReport(tally=_tally(Outcome.MISMATCHED), seconds=1.0).exit_code == 4


def test_tallies_do_not_share_their_counts() -> None:
    """Two runs in one process."""
    _tally(Outcome.ERROR)
    assert Tally().exit_code == 0
