"""When a generation that is owed is due again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.domain.identity import GenerationId
from archiver.domain.outcome import GenerationResult, Outcome
from archiver.domain.owed import (
    LONGEST_PAUSE,
    Owed,
    added,
    owed_after,
    pause_after,
)

NOW = datetime(2024, 12, 22, 3, tzinfo=UTC)
ID = GenerationId("g-1")
_AGES = st.timedeltas(timedelta(), timedelta(days=3650))


def _after(outcome: Outcome, standing: Owed | None, now: datetime) -> Owed | None:
    return owed_after(GenerationResult(id=ID, state="x", outcome=outcome), standing, now, row={})


@given(one=_AGES, other=_AGES)
def test_the_pause_grows_with_the_time_owed_up_to_a_week(one: timedelta, other: timedelta) -> None:
    """Never shorter for what has been owed for longer."""
    earlier, later = sorted((one, other))
    assert pause_after(earlier) <= pause_after(later) <= LONGEST_PAUSE


@pytest.mark.parametrize("outcome", [Outcome.ERROR, Outcome.PENDING, Outcome.INCOMPLETE])
def test_in_its_first_hour_all_is_due_at_once(outcome: Outcome) -> None:
    """Whoever has mended the network runs the same again, and a clip takes minutes to make."""
    standing: Owed | None = None
    for minutes in (0, 1, 10, 59):
        now = NOW + timedelta(minutes=minutes)
        standing = _after(outcome, standing, now)
        assert standing
        assert standing.next_try <= now


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
    assert (changed.since, changed.next_try) == (NOW, NOW)


def test_an_id_added_long_ago_has_not_been_pending_for_as_long() -> None:
    """Only what was asked for has a history."""
    standing = added(ID, NOW - timedelta(days=300), row={"split": "train"}, answer=b"{}")
    changed = _after(Outcome.PENDING, standing, NOW)
    assert changed
    assert changed.next_try == NOW
    assert (changed.row, changed.saved_answer) == ({"split": "train"}, None)


@pytest.mark.parametrize("outcome", [Outcome.ARCHIVED, Outcome.UNCHANGED, Outcome.MISMATCHED, Outcome.FAILED])
def test_what_is_final_is_owed_no_more(outcome: Outcome) -> None:
    """The next run asks nothing about it."""
    assert _after(outcome, added(ID, NOW, row={}, answer=None), NOW) is None
