"""What watches a run."""

from __future__ import annotations

from typing import Protocol

from archiver.domain.events import Event
from archiver.domain.outcome import RunReport


class Output(Protocol):
    """An observer that is told of the end, too."""

    def __call__(self, event: Event, /) -> None:
        """Take note of one event."""

    def finish(self, report: RunReport, /) -> None:
        """Take note of the end."""
