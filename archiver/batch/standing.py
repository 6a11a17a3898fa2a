"""How an archive stands: what it holds, how it grows, what it owes, how its last runs ended. No I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from archiver.batch.listing.columns import listed_entry
from archiver.domain.ledger import RunRecord
from archiver.domain.timing import parse_timestamp
from archiver.storage.entries import IndexEntry

GROWTH_DAYS = (1, 7, 30)
# What a monitor asks after is whether clips come in; an audit that went well says nothing of that.
_ARCHIVING = {"get", "batch", "sync"}


@dataclass(slots=True)
class Holdings:
    """What is archived: generations by outcome, bytes, and bytes that came in the last days (by days)."""

    outcomes: Counter[str] = field(default_factory=Counter)
    size: int = 0
    growth: dict[int, int] = field(default_factory=lambda: dict.fromkeys(GROWTH_DAYS, 0))

    @property
    def generations(self) -> int:
        """How many there are."""
        return self.outcomes.total()


def add_up(entries: Iterable[IndexEntry], now: datetime) -> Holdings:
    """Return what these entries come to."""
    holdings = Holdings()
    since = {days: now - timedelta(days=days) for days in GROWTH_DAYS}
    for entry in entries:
        holdings.outcomes[listed_entry(entry).outcome] += 1
        holdings.size += entry.size
        archived_at = parse_timestamp(entry.archived_at)
        for days, begin in since.items():
            if archived_at and archived_at >= begin:
                holdings.growth[days] += entry.size
    return holdings


@dataclass(frozen=True, slots=True, kw_only=True)
class LastRuns:
    """The latest run of any kind, and the latest that archived with exit code 0; None where there is none."""

    last: RunRecord | None = None
    success: RunRecord | None = None

    def success_age_s(self, now: datetime) -> float | None:
        """Return for how many seconds the last success is over; None where there was none."""
        if self.success is None or self.success.end is None:
            return None
        return (now - self.success.end.at).total_seconds()


def find_last_runs(runs: Iterable[RunRecord]) -> LastRuns:
    """Return the last runs of a ledger that is read from its end; it is read no further than needed."""
    last: RunRecord | None = None
    for run in runs:
        last = last or run
        if run.is_success and run.begin.command in _ARCHIVING:
            return LastRuns(last=last, success=run)
    return LastRuns(last=last)
