"""Back-off, polling, and texts about time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.domain.errors import UsageError
from archiver.domain.timing import (
    PollPolicy,
    RetryPolicy,
    parse_duration,
    parse_http_date,
    parse_retry_after,
    parse_timestamp,
    show_duration,
    show_timestamp,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
JITTER = st.floats(min_value=0, max_value=1, exclude_max=True)
MOMENTS = st.datetimes(min_value=datetime(1970, 1, 2), max_value=datetime(9998, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the strategy adds the zone


def test_the_defaults_are_the_contract_s() -> None:
    """--retries 5, --retry-delay 1, --max-retry-after 5m."""
    policy = RetryPolicy()
    assert (policy.retries, policy.first_delay_s, policy.longest_retry_after_s) == (5, 1.0, 300.0)


@pytest.mark.parametrize(("failures", "ceiling_s"), [(1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (10**6, 60)])
def test_back_off_doubles_up_to_its_cap(failures: int, ceiling_s: float) -> None:
    """Half of it is fixed, half is drawn; a million failures do not overflow."""
    assert RetryPolicy().delay_s(failures, 0.0) == ceiling_s / 2
    assert RetryPolicy().delay_s(failures, 0.5) == ceiling_s * 0.75


@given(st.integers(1, 10_000), JITTER, st.floats(0, 100), st.floats(0, 1000))
def test_a_pause_is_never_longer_than_its_cap(
    failures: int, jitter: float, first_s: float, longest_s: float
) -> None:
    """Whatever a person sets, also a first delay beyond the longest."""
    policy = RetryPolicy(first_delay_s=first_s, longest_delay_s=longest_s)
    assert 0 <= policy.delay_s(failures, jitter) <= longest_s


@given(st.integers(1, 10_000), JITTER)
def test_polling_slows_down_within_its_bounds(polls: int, jitter: float) -> None:
    """Three seconds at first, thirty at most, a fifth of jitter."""
    policy = PollPolicy()
    assert 2.7 <= policy.interval_s(polls, jitter) <= 33
    assert policy.interval_s(polls, jitter) <= policy.interval_s(polls + 1, jitter)


def test_a_long_poll_interval_that_a_person_asked_for_is_kept() -> None:
    """`--poll-interval 60` is longer than the usual longest."""
    assert PollPolicy(first_interval_s=60).interval_s(9, 0.5) == 60


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("120", 120.0),
        (" 7 ", 7.0),
        ("Sun, 01 Mar 2026 12:02:00 GMT", 120.0),
        ("Sunday, 01-Mar-26 12:02:00 GMT", 120.0),
        ("Sun Mar  1 12:02:00 2026", 120.0),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0.0),
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("\u0663", None),
        ("Sun, 99 Mar 2026 12:02:00 GMT", None),
        ("Sun, 01 Mar 99999999999999 12:02:00 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str | None, seconds: float | None) -> None:
    """RFC 9110 §10.2.3, with the three forms of a date of §5.6.7; nonsense asks for nothing."""
    assert parse_retry_after({} if value is None else {"retry-after": value}, NOW) == seconds


@given(st.timedeltas(timedelta(days=-300), timedelta(days=300)), st.integers(0, 10**6))
def test_a_date_counts_from_the_answers_own(skew: timedelta, seconds: int) -> None:
    """A clock that is wrong by an hour, here or there, makes nobody wait for an hour, or not at all."""
    sent = (NOW + skew).replace(microsecond=0)
    due = format_datetime(sent + timedelta(seconds=seconds), usegmt=True)
    headers = {"date": format_datetime(sent, usegmt=True), "retry-after": due}
    assert parse_retry_after(headers, NOW) == seconds


def test_an_absurd_retry_after_is_still_a_number() -> None:
    """It is compared with --max-retry-after, and loses."""
    seconds = parse_retry_after({"retry-after": "9" * 5000}, NOW)
    assert seconds is not None
    assert seconds > 10**9


@given(st.integers(0, 10**6))
def test_a_date_and_its_seconds_ask_for_the_same(seconds: int) -> None:
    """The two forms differ in writing only."""
    moment = NOW + timedelta(seconds=seconds)
    assert parse_retry_after({"retry-after": format_datetime(moment, usegmt=True)}, NOW) == seconds


@given(st.text() | st.text(alphabet="0123456789 :,+-GMTSunMar", max_size=40))
def test_no_header_breaks_the_reading_of_dates(text: str) -> None:
    """Headers come from strangers."""
    seconds = parse_retry_after({"retry-after": text, "date": text[::-1]}, NOW)
    assert seconds is None or seconds >= 0
    moment = parse_http_date(text)
    assert moment is None or moment.tzinfo is not None


@pytest.mark.parametrize("value", [None, "", "never", "0", "Sun, 32 Mar 2026 12:00:00 GMT"])
def test_what_is_no_http_date_is_none(value: str | None) -> None:
    """A validator that cannot be read proves nothing."""
    assert parse_http_date(value) is None


@given(MOMENTS)
def test_a_moment_survives_being_written_and_read(moment: datetime) -> None:
    """To the millisecond, which is what the sidecar holds."""
    text = show_timestamp(moment)
    assert text.endswith("Z")
    assert parse_timestamp(text) == moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def test_moments_are_shown_in_utc_and_no_longer_than_needed() -> None:
    """`Z`, and milliseconds only where there are any."""
    there = timezone(timedelta(hours=2))
    assert show_timestamp(datetime(2025, 1, 1, 1, tzinfo=there)) == "2024-12-31T23:00:00Z"
    assert show_timestamp(NOW.replace(microsecond=139_000)) == "2026-03-01T12:00:00.139Z"


@given(st.text(max_size=40) | st.text(alphabet="0123456789-:.TZ+", max_size=40))
def test_no_text_breaks_the_reading_of_moments(text: str) -> None:
    """What is none is None; what is one is in UTC."""
    moment = parse_timestamp(text)
    assert moment is None or moment.utcoffset() == timedelta(0)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+23:00", "9999-12-31T23:59:59-23:00"])
def test_a_moment_that_utc_cannot_hold_is_none(text: str) -> None:
    """The calendar of `datetime` ends at both sides."""
    assert parse_timestamp(text) is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("90", 90),
        ("90s", 90),
        ("1.5m", 90),
        ("10m", 600),
        ("2H", 7200),
        ("1d", 86_400),
        (" 3 s ", 3),
    ],
)
def test_durations_are_read_as_people_write_them(text: str, seconds: float) -> None:
    """Seconds, or a number with its unit."""
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "m", "-1", "1w", "1h30m", "1e3", "inf", "nan", "1,5", "\u0663", "5\u017f", "9" * 400]
)
def test_what_is_no_duration_is_an_error_of_usage(text: str) -> None:
    """U+017F is an s to a pattern that ignores case; four hundred digits are infinity to a float."""
    with pytest.raises(UsageError, match="is not a duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0.0 s"),
        (0.44, "0.4 s"),
        (9.94, "9.9 s"),
        (12, "12 s"),
        (59.4, "59 s"),
        (59.6, "1 min 0 s"),
        (185, "3 min 5 s"),
        (7440, "2 h 4 min"),
        (180_000, "50 h 0 min"),
    ],
)
def test_durations_are_shown_as_people_say_them(seconds: float, shown: str) -> None:
    """Two units at most."""
    assert show_duration(seconds) == shown
