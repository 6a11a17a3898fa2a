"""Stretches of time as people write them in a filter: a day, a month, a moment, an age."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from archiver.domain.errors import UsageError
from archiver.domain.timing import parse_duration, parse_timestamp

_CALENDAR = re.compile(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?", re.ASCII)
_AGE = re.compile(r"\d{1,9}(?:\.\d+)?\s*[smhd]", re.ASCII | re.IGNORECASE)
_DECEMBER = 12
# The smallest step that Python's moments know.
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Span:
    """From `begin` up to, but without, `end`, in UTC."""

    begin: datetime
    end: datetime

    def holds(self, moment: datetime) -> bool:
        """Tell whether a moment is within."""
        return self.begin <= moment < self.end


def parse_span(text: str, now: datetime) -> Span:
    """Return the span that is meant by `2024`, `2024-12`, `2024-12-22`, an ISO 8601 moment, or an age.

    An age (`7d`) is the instant that long before `now`. Raises `UsageError`.
    """
    span = _calendar_span(text) or _instant(text, now)
    if span is None:
        msg = f"{text[:40]!a} is not a time: write 2024-12-22, 2024-12-22T13:38Z, or 7d for seven days ago"
        raise UsageError(msg)
    return span


def _calendar_span(text: str) -> Span | None:
    found = _CALENDAR.fullmatch(text)
    if not found:
        return None
    year, month, day = int(found[1]), int(found[2] or 1), int(found[3] or 1)
    try:
        begin = datetime(year, month, day, tzinfo=UTC)
        if found[3]:
            return Span(begin, begin + timedelta(days=1))
        if not found[2] or month == _DECEMBER:
            return Span(begin, datetime(year + 1, 1, 1, tzinfo=UTC))
        return Span(begin, datetime(year, month + 1, 1, tzinfo=UTC))
    except (ValueError, OverflowError):
        return None


def _instant(text: str, now: datetime) -> Span | None:
    try:
        is_age = _AGE.fullmatch(text)
        moment = now - timedelta(seconds=parse_duration(text)) if is_age else parse_timestamp(text)
        return Span(moment, moment + _INSTANT) if moment else None
    except OverflowError:
        return None
