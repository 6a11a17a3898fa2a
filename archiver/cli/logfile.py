"""The log: everything that happens, a line each, with the time in UTC and how much it matters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import click

from archiver.cli.streams import LineStream
from archiver.cli.wording import Kind, Line, describe, describe_end, summarize
from archiver.domain.events import Event
from archiver.domain.outcome import RunReport
from archiver.domain.timing import show_timestamp
from archiver.runtime.clock import Clock

_LEVELS = {Kind.RESULT: "INFO", Kind.NOTICE: "INFO", Kind.DETAIL: "DEBUG", Kind.PROBLEM: "ERROR"}


@contextmanager
def open_log(path: Path, clock: Clock, complain: Callable[[str], None]) -> Iterator[Log]:
    """Append to the log while inside. Raises `click.UsageError` where it cannot be opened."""
    try:
        file = path.open("a", encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        msg = f"--log-file: {path}: cannot be written: {error.strerror}"
        raise click.UsageError(msg) from error
    with file:
        yield Log(file, clock, lambda reason: complain(f"{path}: the log ends here: {reason}"))


class Log:
    """Writes down a run. A full disk ends the log, not the run."""

    def __init__(self, file: TextIO, clock: Clock, complain: Callable[[str], None]) -> None:
        self._lines = LineStream(file, lambda error: complain(str(error.strerror)))
        self._clock = clock

    def __call__(self, event: Event) -> None:
        """Write down one event."""
        if line := describe(event):
            self._write(line)

    def finish(self, report: RunReport) -> None:
        """Write down how the run ended."""
        self._write(Line(Kind.RESULT, summarize(report)))
        for line in describe_end(report):
            self._write(line)

    def _write(self, line: Line) -> None:
        self._lines.write(f"{show_timestamp(self._clock.now())} {_LEVELS[line.kind]:5} {line.text}")
