"""When a generation that is owed is due again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.domain.identity import GenerationId
from archiver.domain.outcome import GenerationResult, Outcome
from archiver.domain.owed import (
    FIRST_PENDING_PAUSE,
    LONGEST_PAUSE,
    Owed,
    Reason,
    added,
    owed_after,
    pause_after,
)

NOW = datetime(2024, 12, 22, 3, tzinfo=UTC)
ID = GenerationId("g-1")
_AGES = st.timedeltas(timedelta(), timedelta(days=3650))


def _after(outcome: Outcome, standing: Owed | None, now: datetime) -> Owed | None:
    return owed_after(GenerationResult(id=ID, state="x", outcome=outcome), standing, now, row={})


@given(reason=st.sampled_from(Reason), one=_AGES, other=_AGES)
def test_the_pause_grows_with_the_time_owed_up_to_a_week(
    reason: Reason, one: timedelta, other: timedelta
) -> None:
    """Never shorter for what has been owed for longer."""
    earlier, later = sorted((one, other))
    assert pause_after(reason, earlier) <= pause_after(reason, later) <= LONGEST_PAUSE


def test_a_first_error_is_due_at_once_and_a_pending_one_soon() -> None:
    """Whoever has mended the network runs the same again."""
    error, pending = _after(Outcome.ERROR, None, NOW), _after(Outcome.PENDING, None, NOW)
    assert error
    assert pending
    assert error.next_try == NOW
    assert pending.next_try == NOW + FIRST_PENDING_PAUSE


def test_a_nightly_job_asks_each_night_at_first() -> None:
    """An outage of some days is healed in the night after it."""
    standing: Owed | None = None
    for night in range(4):
        now = NOW + timedelta(days=night)
        assert standing is None or standing.next_try <= now
        standing = _after(Outcome.ERROR, standing, now)


def test_another_reason_begins_the_pauses_anew() -> None:
    """A list of errors a month old, of which one became pending, is watched closely again."""
    standing = _after(Outcome.ERROR, None, NOW - timedelta(days=30))
    changed = _after(Outcome.PENDING, standing, NOW)
    assert changed
    assert (changed.since, changed.next_try) == (NOW, NOW + FIRST_PENDING_PAUSE)


def test_an_id_added_long_ago_has_not_been_pending_for_as_long() -> None:
    """Only what was asked for has a history."""
    standing = added(ID, NOW - timedelta(days=300), row={"split": "train"}, answer=b"{}")
    changed = _after(Outcome.PENDING, standing, NOW)
    assert changed
    assert changed.next_try == NOW + FIRST_PENDING_PAUSE
    assert (changed.row, changed.saved_answer) == ({"split": "train"}, None)


@pytest.mark.parametrize("outcome", [Outcome.ARCHIVED, Outcome.UNCHANGED, Outcome.MISMATCHED, Outcome.FAILED])
def test_what_is_final_is_owed_no_more(outcome: Outcome) -> None:
    """The next run asks nothing about it."""
    assert _after(outcome, added(ID, NOW, row={}, answer=None), NOW) is None
