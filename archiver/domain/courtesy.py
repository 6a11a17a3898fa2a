"""How a host that refuses is treated: paused when it asks, asked one at a time when it refuses everybody.

The rules:

1. `Retry-After`, and a `RateLimit` that is used up, pause the host: all requests to it wait, others go on.
2. A refusal is 429, 503, no connection, or no answer in time. Those of requests that were under way together
   count once.
3. After `SLOW_AFTER` refusals in a row the host is asked by one request at a time, after a growing pause.
4. After `give_up_after` in a row it is left alone for the rest of the run. So it is when it asks for a pause
   that is longer than allowed, until that has passed; by `Retry-After` not before `SLOW_AFTER` in a row: up
   to then that may be one request's affair.
5. Any other answer ends the row: the host is as good as new.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime

from archiver.domain.timing import RetryPolicy, parse_retry_after
from archiver.domain.transfer import Head

SLOW_AFTER = 3
_REFUSALS = {429, 503}
# 2001: no limit lasts for thirty years.
_A_MOMENT_S = 1e9
# draft-ietf-httpapi-ratelimit-headers-08 and later: `"policy";r=0;t=30`: r requests remain, for t seconds.
_REMAINING = re.compile(r";\s*r=(\d{1,15})")
_RESET = re.compile(r";\s*t=(\d{1,15})")


@dataclass(frozen=True, slots=True)
class Go:
    """Ask. `alone` is for a host in disgrace: no other request may be under way to it."""

    alone: bool


@dataclass(frozen=True, slots=True)
class Wait:
    """Look again after so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class LeaveAlone:
    """Do not ask; `reason` says why, for a person."""

    reason: str


Verdict = Go | Wait | LeaveAlone


@dataclass(frozen=True, slots=True, kw_only=True)
class HostRecord:
    """What is remembered of a host; moments are seconds on a monotonic clock."""

    refusals: int = 0
    last_refusal_s: float = float("-inf")
    paused_until_s: float = float("-inf")
    closed_until_s: float = float("-inf")

    @property
    def is_slow(self) -> bool:
        """True where requests go one at a time."""
        return self.refusals >= SLOW_AFTER

    def verdict(self, now_s: float, policy: RetryPolicy) -> Verdict:
        """Decide about a request that wants to begin now."""
        if now_s < self.closed_until_s:
            return LeaveAlone("it asked for a longer pause than --max-retry-after")
        if self.refusals >= give_up_after(policy):
            return LeaveAlone(f"it refused {self.refusals} times in a row")
        if now_s < self.paused_until_s:
            return Wait(self.paused_until_s - now_s)
        return Go(alone=self.is_slow)

    def refused(self, began_s: float, now_s: float, policy: RetryPolicy) -> HostRecord:
        """Return the record after a request that began at `began_s` was refused."""
        if began_s <= self.last_refusal_s:
            return self
        refusals = self.refusals + 1
        until_s = self.paused_until_s
        if refusals >= SLOW_AFTER:
            until_s = max(until_s, now_s + policy.delay_s(refusals - SLOW_AFTER + 1, 0.5))
        return replace(self, refusals=refusals, last_refusal_s=now_s, paused_until_s=until_s)

    def asked_to_wait(
        self, pause_s: float, now_s: float, policy: RetryPolicy, *, is_refusal: bool = True
    ) -> HostRecord:
        """Return the record after the host asked for a pause; without a refusal it is everybody's."""
        until_s = now_s + pause_s
        if pause_s > policy.longest_retry_after_s:
            if is_refusal and not self.is_slow:
                return self
            return replace(self, closed_until_s=max(self.closed_until_s, until_s))
        return replace(self, paused_until_s=max(self.paused_until_s, until_s))

    def answered(self) -> HostRecord:
        """Return the record after an answer that is no refusal."""
        return replace(self, refusals=0) if self.refusals else self


def give_up_after(policy: RetryPolicy) -> int:
    """Return how many refusals in a row are enough: more than one asset alone can meet with its retries."""
    return SLOW_AFTER + 2 * (policy.retries + 1)


def is_refusal(status: int) -> bool:
    """Tell whether a status says that the host wants fewer requests."""
    return status in _REFUSALS


def asked_pause_s(head: Head, now: datetime) -> float | None:
    """Return the seconds that an answer asks the host's users to wait, or None."""
    if is_refusal(head.status):
        pause_s = parse_retry_after(head.headers, now)
        if pause_s is not None:
            return pause_s
    return _used_up(head, now)


def _used_up(head: Head, now: datetime) -> float | None:
    """Return the seconds until a rate limit that is used up starts anew (both forms of the IETF's draft)."""
    policies = head.headers.get("ratelimit", "")
    remaining, reset = _REMAINING.search(policies), _RESET.search(policies)
    if remaining and reset:
        return float(reset[1]) if int(remaining[1]) == 0 else None
    # The draft's earlier form, two headers.
    if head.headers.get("ratelimit-remaining", "").strip() == "0":
        seconds = head.headers.get("ratelimit-reset", "").strip()
        if not (seconds.isascii() and seconds.isdigit()):
            return None
        # Some say when, in seconds since 1970, and not how long.
        reset_s = float(seconds[:12])
        return max(0.0, reset_s - now.timestamp()) if reset_s >= _A_MOMENT_S else reset_s
    return None
