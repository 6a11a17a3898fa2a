"""When to try again, and how texts about time are read. Seconds are floats, moments are UTC."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from archiver.domain.errors import UsageError

_UNITS_S = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
# ASCII: to a pattern that ignores case, U+017F is an "s" otherwise. Fifteen digits: a float holds them all.
_DURATION = re.compile(r"(\d{1,15}(?:\.\d+)?)\s*([smhd]?)", re.ASCII | re.IGNORECASE)
_FRACTION = re.compile(r"\.(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often and how soon to try again."""

    retries: int = 5
    first_delay_s: float = 1.0
    # A minute is what a rate-limiting window usually lasts.
    longest_delay_s: float = 60.0
    # Five minutes: beyond it a nightly job's next run is the better try.
    longest_retry_after_s: float = 300.0

    def delay_s(self, failures: int, jitter: float) -> float:
        """Return the pause after the `failures`-th failure in a row (from 1); `jitter` is in [0, 1).

        Exponential with "equal jitter": half fixed, half drawn, so that no two workers march in step
        (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
        """
        ceiling = min(self.longest_delay_s, self.first_delay_s * 2.0 ** min(failures - 1, 30))
        return ceiling * (0.5 + jitter / 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class PollPolicy:
    """How often an unfinished generation is asked for."""

    first_interval_s: float = 3.0
    # A clip takes minutes: asking more often than this tells nothing sooner.
    longest_interval_s: float = 30.0
    growth: float = 1.5

    def interval_s(self, polls: int, jitter: float) -> float:
        """Return the pause before the next question after `polls` answers (from 1), 20 % jittered."""
        grown = self.first_interval_s * self.growth ** min(polls - 1, 50)
        return min(max(self.longest_interval_s, self.first_interval_s), grown) * (0.9 + jitter / 5)


def parse_retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds to wait that a `Retry-After` asks for (RFC 9110 §10.2.3: seconds or a date).

    A date counts from the answer's own `Date`, or else from `now`: the two clocks may differ by hours. None
    where it is absent or makes no sense; a date in the past is 0.
    """
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:12])
    moment = parse_http_date(text)
    if moment is None:
        return None
    began = parse_http_date(headers.get("date")) or now
    return max(0.0, (moment - began).total_seconds())


def parse_http_date(value: str | None) -> datetime | None:
    """Return an HTTP date (RFC 9110 §5.6.7) in UTC, or None."""
    try:
        moment = parsedate_to_datetime(value or "")
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def parse_timestamp(text: str) -> datetime | None:
    """Return an ISO 8601 moment in UTC (one without a zone is UTC), or None."""
    # Nanoseconds occur (Go services); Python reads six digits.
    trimmed = _FRACTION.sub(lambda match: "." + match[1][:6], text.strip(), count=1)
    try:
        moment = datetime.fromisoformat(trimmed)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def show_timestamp(moment: datetime) -> str:
    """Return a moment as the archive writes it: ISO 8601, UTC, `Z`; milliseconds where there are any."""
    spec = "milliseconds" if moment.microsecond else "seconds"
    return moment.astimezone(UTC).isoformat(timespec=spec).replace("+00:00", "Z")


def parse_duration(text: str) -> float:
    """Return seconds from `90`, `90s`, `10m`, `2h` or `1d`. Raises `UsageError`."""
    match = _DURATION.fullmatch(text.strip())
    if not match:
        msg = f"{text!r} is not a duration: write seconds, or 90s, 10m, 2h, 1d"
        raise UsageError(msg)
    return float(match[1]) * _UNITS_S[match[2].lower()]


def show_duration(seconds: float) -> str:
    """Return seconds for a person: `0.4 s`, `12 s`, `3 min 5 s`, `2 h 4 min`."""
    if seconds < 10:  # noqa: PLR2004 - below ten a digit after the point is worth reading
        return f"{seconds:.1f} s"
    span = timedelta(seconds=round(seconds))
    minutes, rest = divmod(int(span.total_seconds()), 60)
    if minutes == 0:
        return f"{rest} s"
    hours, minutes_left = divmod(minutes, 60)
    return f"{hours} h {minutes_left} min" if hours else f"{minutes} min {rest} s"
