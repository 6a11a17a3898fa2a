"""Progress where no terminal is: a line now and then, so that a log shows that the run goes on."""

from __future__ import annotations

from collections.abc import Callable

from archiver.domain.events import BytesReceived, Event, GenerationAudited, GenerationFinished
from archiver.domain.outcome import RunReport
from archiver.domain.quantity import show_size
from archiver.domain.timing import show_duration
from archiver.runtime.clock import Clock

HEARTBEAT_S = 10.0
# A log of a night's run should be read in the morning: the pauses grow to this.
LONGEST_PAUSE_S = 300.0
_GROWTH = 1.5


class Heartbeat:
    """Says how far the run has come, at most every ten seconds, later every five minutes; events drive it."""

    def __init__(self, say: Callable[[str], None], clock: Clock) -> None:
        self._say = say
        self._clock = clock
        self._began_s = clock.monotonic_s()
        self._pause_s = HEARTBEAT_S
        self._next_s = self._began_s + self._pause_s
        self._generations = 0
        self._bytes = 0
        self._verb = "fetched"

    def __call__(self, event: Event) -> None:
        """Count, and speak if it is time."""
        match event:
            case BytesReceived(count):
                self._bytes += count
            case GenerationFinished():
                self._generations += 1
            case GenerationAudited(_, size):
                self._generations += 1
                self._bytes += size
                self._verb = "read"
            case _:
                pass
        now_s = self._clock.monotonic_s()
        if now_s >= self._next_s:
            self._say(self._progress(now_s - self._began_s))
            self._pause_s = min(LONGEST_PAUSE_S, self._pause_s * _GROWTH)
            self._next_s = now_s + self._pause_s

    def finish(self, _report: RunReport) -> None:
        """Say nothing: the summary does."""

    def _progress(self, seconds: float) -> str:
        rate = show_size(self._bytes / seconds)
        return (
            f"progress after {show_duration(seconds)}: {self._generations} generations done, "
            f"{show_size(self._bytes)} {self._verb}, {rate}/s"
        )
