"""What a scenario found: runs side by side, and the figures that come of them, some with a goal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from tests.benchmarks.measured import Run

_MB = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What a figure is to be: at most, or at least, `limit`."""

    limit: float
    at_least: bool = False

    def is_met(self, value: float) -> bool:
        """Tell whether a value is good enough."""
        return value >= self.limit if self.at_least else value <= self.limit

    def share(self, value: float) -> float:
        """Return a value in terms of the limit: under 1 is better than it."""
        return self.limit / value if self.at_least else value / self.limit

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.limit:g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A number, what it is, and its unit; a ratio has none."""

    label: str
    value: float
    unit: str = ""
    goal: Goal | None = None

    @property
    def is_met(self) -> bool | None:
        """Whether its goal is met; None where it has none."""
        return self.goal.is_met(self.value) if self.goal else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """All runs of one contender in one scenario, none where it is not installed; what one run handles."""

    name: str
    runs: Sequence[Run]
    generations: int = 0
    bytes: int = 0

    @property
    def seconds(self) -> float:
        """The median of wall times."""
        return median(run.seconds for run in self.runs)

    @property
    def mb_a_second(self) -> float:
        """The median throughput."""
        return self.bytes / self.seconds / _MB

    @property
    def cpu_ms_a_generation(self) -> float:
        """The median of processor times, for each generation."""
        return median(run.cpu_s for run in self.runs) / self.generations * 1000

    @property
    def own_ms_a_generation(self) -> float:
        """Of that, what the first process takes alone, without those that it starts."""
        return median(run.own_s for run in self.runs) / self.generations * 1000

    @property
    def system_ms_a_generation(self) -> float:
        """Of that, what is spent in the kernel."""
        return median(run.system_s for run in self.runs) / self.generations * 1000

    @property
    def peak_mb(self) -> float:
        """The most memory of all runs."""
        return max(run.peak_mb for run in self.runs)

    @property
    def pss_mb(self) -> float:
        """The most memory of all runs, what is shared counted once; 0 where nobody looked."""
        return max(run.pss_mb for run in self.runs)

    @property
    def sync_s(self) -> float:
        """The median of what sync(2) took after a run."""
        return median(run.sync_s for run in self.runs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A scenario's outcome; in a race all series do the same, and how fast is what counts."""

    name: str
    title: str
    series: Sequence[Series] = ()
    figures: Sequence[Figure] = ()
    is_race: bool = True


def ratio_of(label: str, ours: Series, theirs: Series, goal: Goal | None = None) -> list[Figure]:
    """Return how long ours takes in terms of another's time; nothing where the other did not run."""
    if not ours.runs or not theirs.runs:
        return []
    return [Figure(label=label, value=ours.seconds / theirs.seconds, goal=goal)]
