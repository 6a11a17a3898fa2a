"""When a run stops taking new work: time, bytes, room on the disk."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from archiver.domain.errors import DiskFullError, RunError
from archiver.domain.events import BytesReceived, Event, Observer
from archiver.domain.quantity import show_size
from archiver.domain.timing import show_duration
from archiver.runtime.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Limits of a run: seconds, bytes fetched, bytes left free on the archive's disk; None is no limit."""

    max_duration_s: float | None = None
    max_bytes: int | None = None
    min_free: int | None = None

    @property
    def limits_intake(self) -> bool:
        """True where a run may end with work left over."""
        return self.max_duration_s is not None or self.max_bytes is not None


class Spending:
    """What a run has used of its budget. It is an observer, too: it counts the bytes and passes events on."""

    def __init__(self, budget: Budget, *, root: Path, clock: Clock, observer: Observer) -> None:
        self._budget = budget
        self._root = root
        self._clock = clock
        self._observer = observer
        self._began_s = clock.monotonic_s()
        self._bytes = 0

    def __call__(self, event: Event) -> None:
        """Count and pass on one event."""
        if isinstance(event, BytesReceived):
            self._bytes += event.count
        self._observer(event)

    @property
    def bytes_fetched(self) -> int:
        """How many bytes of media came over the network."""
        return self._bytes

    @property
    def seconds(self) -> float:
        """How long the run has taken."""
        return self._clock.monotonic_s() - self._began_s

    def used_up(self) -> str | None:
        """Return what is used up, in words, or None."""
        duration_s, size = self._budget.max_duration_s, self._budget.max_bytes
        if duration_s is not None and self.seconds >= duration_s:
            return f"{show_duration(duration_s)} have passed (--max-duration)"
        if size is not None and self._bytes >= size:
            return f"{show_size(size)} are fetched (--max-bytes)"
        return None

    def disk_trouble(self) -> RunError | None:
        """Return the error for a disk with less room than is to stay free, or None."""
        if self._budget.min_free is None:
            return None
        free = shutil.disk_usage(self._root).free
        if free >= self._budget.min_free:
            return None
        wanted = show_size(self._budget.min_free)
        return DiskFullError(
            f"{show_size(free)} are free on the archive's disk, {wanted} are to stay free (--min-free)"
        )
