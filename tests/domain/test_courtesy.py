"""How a host that refuses is treated, as a whole."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.domain.courtesy import (
    SLOW_AFTER,
    Go,
    HostRecord,
    LeaveAlone,
    Wait,
    asked_pause_s,
    give_up_after,
)
from archiver.domain.timing import RetryPolicy
from archiver.domain.transfer import Head

POLICY = RetryPolicy(retries=2, first_delay_s=1, longest_delay_s=8, longest_retry_after_s=300)
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def _refused(times: int) -> HostRecord:
    """Return the record after so many refusals, one after the other."""
    record = HostRecord()
    for moment in range(times):
        record = record.refused(moment + 0.5, moment + 0.6, POLICY)
    return record


def test_a_host_without_a_past_is_asked_freely() -> None:
    """Courtesy costs nothing where nobody refuses."""
    assert HostRecord().verdict(0, POLICY) == Go(alone=False)


def test_a_refusal_alone_asks_for_no_pause() -> None:
    """Nobody is told of a pause that nobody asked for."""
    assert _refused(SLOW_AFTER - 1).paused_until_s == HostRecord().paused_until_s


def test_a_host_that_refuses_everybody_is_asked_by_one_at_a_time() -> None:
    """Sixteen workers that try again in step are a hammer."""
    record = _refused(SLOW_AFTER)
    assert isinstance(record.verdict(2.7, POLICY), Wait)
    assert record.verdict(1000, POLICY) == Go(alone=True)


def test_requests_under_way_together_are_refused_once() -> None:
    """A second of trouble meets sixteen requests: that is one refusal, not sixteen."""
    record = HostRecord()
    for _ in range(16):
        record = record.refused(1.0, 2.0, POLICY)
    assert record.refusals == 1


def test_a_dead_host_is_left_alone_in_the_end() -> None:
    """Ten thousand clips on a host that is gone must not take a week of pauses."""
    record = _refused(give_up_after(POLICY))
    assert isinstance(record.verdict(10**6, POLICY), LeaveAlone)


@given(st.integers(min_value=0, max_value=30))
def test_one_good_answer_ends_the_disgrace(refusals: int) -> None:
    """A host that is back is used at full speed."""
    assert _refused(refusals).answered().verdict(10**6, POLICY) == Go(alone=False)


@given(st.floats(min_value=0, max_value=300), st.floats(min_value=0, max_value=10**6))
def test_a_pause_that_is_asked_for_holds_for_everybody(pause_s: float, now_s: float) -> None:
    """`Retry-After` pauses the host, not only the one that was told."""
    record = HostRecord().asked_to_wait(pause_s, now_s, POLICY)
    verdict = record.verdict(now_s, POLICY)
    assert verdict == (
        Wait(record.paused_until_s - now_s) if record.paused_until_s > now_s else Go(alone=False)
    )
    assert record.verdict(now_s + pause_s + 1, POLICY) == Go(alone=False)


def test_a_pause_that_is_too_long_is_one_requests_affair_at_first() -> None:
    """A generation may have a limit of its own: the others on the host are not left for it."""
    record = _refused(SLOW_AFTER - 1).asked_to_wait(3600, 0, POLICY)
    assert record.verdict(10**6, POLICY) == Go(alone=False)


def test_where_all_are_told_to_wait_too_long_the_host_is_closed_until_that_has_passed() -> None:
    """Every further question would get the same answer."""
    record = _refused(SLOW_AFTER).asked_to_wait(3600, 0, POLICY)
    assert isinstance(record.verdict(10, POLICY), LeaveAlone)
    assert record.verdict(3601, POLICY) == Go(alone=True)


@given(st.integers(min_value=SLOW_AFTER, max_value=SLOW_AFTER + 20))
def test_pauses_grow_and_stay_under_the_longest(refusals: int) -> None:
    """Back-off by the same policy as for a single request."""
    record = _refused(refusals)
    assert record.paused_until_s - record.last_refusal_s <= POLICY.longest_delay_s


@pytest.mark.parametrize(
    ("status", "headers", "pause_s"),
    [
        (429, {"retry-after": "7"}, 7.0),
        (503, {"retry-after": "7"}, 7.0),
        (500, {"retry-after": "7"}, None),
        (200, {"ratelimit": '"default";r=0;t=30'}, 30.0),
        (200, {"ratelimit": '"default";r=5;t=30'}, None),
        (200, {"ratelimit-remaining": "0", "ratelimit-reset": "12"}, 12.0),
        (200, {"ratelimit-remaining": "3", "ratelimit-reset": "12"}, None),
        (200, {"ratelimit-remaining": "0", "ratelimit-reset": "soon"}, None),
        (200, {"ratelimit-remaining": "0", "ratelimit-reset": str(int(NOW.timestamp()) + 40)}, 40.0),
        (429, {}, None),
    ],
)
def test_a_pause_is_read_from_the_headers_that_ask_for_one(
    status: int, headers: dict[str, str], pause_s: float | None
) -> None:
    """RFC 9110 §10.2.3, and both forms of the IETF's RateLimit draft."""
    assert asked_pause_s(Head(status=status, headers=headers), NOW) == pause_s


def test_a_used_up_limit_is_everybodys_at_once() -> None:
    """No refusal: the answer was good, and says that the next one will be none for an hour."""
    record = HostRecord().answered().asked_to_wait(3600, 0, POLICY, is_refusal=False)
    assert isinstance(record.verdict(10, POLICY), LeaveAlone)
