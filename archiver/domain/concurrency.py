"""How many assets are in flight, all together: raised while that brings more bytes a second.

The search goes by windows: what came in a span in which as many were in flight as the limit allows.

1. It doubles the limit while a doubling brings a quarter more (so BBR starts, draft-cardwell-iccrg-bbr-00).
2. Then it rests, and tries a quarter more or less from time to time. More has to bring something, less may
   cost nothing; otherwise the limit returns to what it was, and the next trial comes later.
3. Windows in which fewer were in flight than allowed say nothing: the work, or a host, is the limit then.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf
from statistics import fmean

# What a home line fills at a media CDN's few MB/s a connection; and what CDNs still take from one address.
START, MOST = 16, 64
# Shorter windows show single pieces, longer ones cost a short run its end.
_SHORTEST_S, _LONGEST_S = 0.25, 5.0
FEWEST_PIECES = 64
_FULL = 0.15
_LEAP, _STEP = 2, 4
_LEAPS_ON, _WORTH_MORE, _AS_GOOD = 1.25, 1.05, 0.97
_WINDOWS_A_TRIAL = 3
_MEMORY = 8
_BRIEFLY, _FIRST_PATIENCE, _LONG, _LONGEST_PATIENCE = 2, 4, 40, 64
# Of the rate that is enough, measured: a throttle's own waits take the rest.
_ENOUGH = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How many may be in flight: at first, and at most; at `enough` bytes a second no more are needed.

    `ahead` more generations are worked on meanwhile: while some are committed, others fill the line.
    """

    start: int = START
    most: int = MOST
    enough: float = inf
    ahead: int = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What came in a span of time, in bytes; `in_flight` is the mean."""

    received: int
    seconds: float
    in_flight: float

    @property
    def rate(self) -> float:
        """Bytes a second."""
        return self.received / self.seconds


def shortest_window_s(head_s: float) -> float:
    """Return how long a window lasts at least, where an answer's head takes `head_s` to come."""
    # What a raised limit lets in brings its first bytes after that: in the first of a trial's windows.
    return min(_LONGEST_S, max(_SHORTEST_S, head_s))


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Where the search stands: `limit` may be in flight now."""

    bounds: Bounds
    limit: int
    base: int
    """What holds again where the trial under way fails; between trials the limit itself."""
    base_rate: float = 0.0
    summit: float = 0.0
    """What the base brought before the first of several steps down: each is held to that."""
    rates: tuple[float, ...] = ()
    """What the limit has brought since it changed, the newest last."""
    rest: int = 1
    """Windows until the next trial."""
    patience: int = _FIRST_PATIENCE
    """Windows to rest after a trial that fails."""
    is_leaping: bool = True
    is_rising: bool = True

    @classmethod
    def begin(cls, bounds: Bounds) -> Search:
        """Return the search before anything was measured."""
        return cls(bounds=bounds, limit=bounds.start, base=bounds.start)

    def after(self, window: Window) -> Search:
        """Return the search after one more window."""
        is_fixed = self.bounds.start == self.bounds.most
        if is_fixed or abs(window.in_flight - self.limit) > _FULL * self.limit:
            return self
        rates = (*self.rates, window.rate)[-_MEMORY:]
        return self._rested(rates) if self.limit == self.base else self._tried(rates)

    def _rested(self, rates: tuple[float, ...]) -> Search:
        if self.rest > 1:
            return replace(self, rates=rates, rest=self.rest - 1)
        return self._on_trial(fmean(rates))

    def _on_trial(self, rate: float) -> Search:
        """Begin a trial from the limit, which brings `rate`; where one way has no room, the other way."""
        above, below = self._above(rate), self._below()
        is_rising = above > self.limit if self.is_rising else below == self.limit
        return replace(
            self,
            limit=above if is_rising else below,
            base=self.limit,
            base_rate=rate,
            summit=0.0 if is_rising else self.summit or rate,
            rates=(),
            is_rising=is_rising,
        )

    def _above(self, rate: float) -> int:
        if rate >= _ENOUGH * self.bounds.enough:
            return self.limit
        more = self.limit * (_LEAP - 1) if self.is_leaping else max(1, self.limit // _STEP)
        return min(self.bounds.most, self.limit + more)

    def _below(self) -> int:
        return max(self.bounds.start, self.limit - max(1, self.limit // _STEP))

    def _tried(self, rates: tuple[float, ...]) -> Search:
        is_top = self.limit == self.bounds.most
        if self.is_leaping and self.is_rising and rates[-1] >= _LEAPS_ON * self.base_rate:
            return self._settled(rates) if is_top else self._on_trial(rates[-1])
        if len(rates) < _WINDOWS_A_TRIAL:
            return replace(self, rates=rates)
        # While the first was measured the limit was still being filled.
        rate = fmean(rates[1:])
        wanted = _WORTH_MORE * self.base_rate if self.is_rising else _AS_GOOD * self.summit
        return self._settled(rates) if rate >= wanted else self._failed()

    def _settled(self, rates: tuple[float, ...]) -> Search:
        """Make the limit the base, and go on in the same direction soon."""
        is_top = self.limit == self.bounds.most
        rest, patience = (_LONG, _LONG) if is_top else (_BRIEFLY, _FIRST_PATIENCE)
        return replace(
            self, base=self.limit, rates=rates[-1:], rest=rest, patience=patience, is_leaping=False
        )

    def _failed(self) -> Search:
        """Return to the base; the next trial goes the other way, and the one after the next comes later."""
        return replace(
            self,
            limit=self.base,
            summit=0.0,
            rates=(),
            rest=self.patience,
            patience=min(_LONGEST_PATIENCE, 2 * self.patience),
            is_leaping=False,
            is_rising=not self.is_rising,
        )
