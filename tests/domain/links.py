"""A model of what downloads pass, a line and a host behind it, which knows the best that can be done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle

from archiver.domain.concurrency import Bounds, Search, Window
from archiver.domain.pushback import Crowd, HostLimit

TICK_S = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Rates in bytes a second; `noise` are shares by which one window after another is off."""

    connection_rate: float
    line_rate: float
    file_size: int = 4_000_000
    latency_s: float = 0.06
    bears: int = 10_000
    """How many at once the host serves; the rest is refused."""
    noise: Sequence[float] = (0.0,)

    @property
    def width(self) -> float:
        """How many fill the line."""
        return self.line_rate / self._rate_of_one

    def rate(self, in_flight: int) -> float:
        """Return what so many bring."""
        return min(min(in_flight, self.bears) * self._rate_of_one, self.line_rate)

    def best(self, most: int) -> float:
        """Return the rate of the best fixed setting."""
        return self.rate(most)

    @property
    def _rate_of_one(self) -> float:
        """Each file costs its latency, too."""
        return self.file_size / (self.file_size / self.connection_rate + self.latency_s)


@dataclass(slots=True, kw_only=True)
class Tick:
    """A quarter of a second."""

    limit: int
    rate: float
    refused: int


@dataclass(slots=True)
class Simulation:
    """Both decisions over a link, with more than enough to download."""

    link: Link
    bounds: Bounds
    search: Search = field(init=False)
    host: HostLimit = field(default_factory=HostLimit)

    def __post_init__(self) -> None:
        self.search = Search.begin(self.bounds)

    def run(self, seconds: float) -> list[Tick]:
        """Let time pass."""
        moments = (TICK_S * number for number in range(1, int(seconds / TICK_S) + 1))
        return [self._tick(now_s, off) for now_s, off in zip(moments, self._noise(), strict=False)]

    def _noise(self) -> Iterator[float]:
        return cycle(self.link.noise)

    def _tick(self, now_s: float, off: float) -> Tick:
        asked = min(self.search.limit, self.host.limit or self.search.limit)
        served = min(asked, self.link.bears)
        rate = self.link.rate(served) * (1 + off)
        window = Window(received=int(rate * TICK_S), seconds=TICK_S, in_flight=served)
        self.search = self.search.after(window)
        if served < asked:
            self.host = self.host.refused(
                now_s, now_s + self.link.latency_s, Crowd(in_flight=asked, served=served)
            )
        else:
            self.host = self.host.bore(now_s, self.bounds.most)
        return Tick(limit=asked, rate=rate, refused=asked - served)
