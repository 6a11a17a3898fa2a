"""The log: everything that happens, a line each, with the time in UTC and how much it matters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import click
import msgspec

from archiver.cli.jsonlines import event_line, summary_line
from archiver.cli.rotation import RotatingLines
from archiver.cli.settings import LogFormat, LogOptions
from archiver.cli.wording import Kind, Line, describe, describe_end, summarize
from archiver.domain.events import Event
from archiver.domain.outcome import RunReport
from archiver.domain.timing import show_timestamp
from archiver.runtime.clock import Clock

_LEVELS = {Kind.RESULT: "INFO", Kind.NOTICE: "INFO", Kind.DETAIL: "DEBUG", Kind.PROBLEM: "ERROR"}


@contextmanager
def open_log(options: LogOptions, clock: Clock, complain: Callable[[str], None]) -> Iterator[Log]:
    """Append to the log while inside. Raises `click.UsageError` where it cannot be opened."""
    path = options.path
    try:
        lines = RotatingLines(
            path, options.max_bytes, lambda reason: complain(f"{path}: the log ends here: {reason}")
        )
    except OSError as error:
        msg = f"--log-file: {path}: cannot be written: {error.strerror}"
        raise click.UsageError(msg) from error
    with lines:
        yield Log(lines.write, clock, options.form)


class Log:
    """Writes down a run. A full disk ends the log, not the run."""

    def __init__(self, write: Callable[[str], None], clock: Clock, form: LogFormat = LogFormat.TEXT) -> None:
        self._write_line = write
        self._clock = clock
        self._form = form

    def __call__(self, event: Event) -> None:
        """Write down one event."""
        if line := describe(event):
            self._write(line, event_line(event) or {})

    def finish(self, report: RunReport) -> None:
        """Write down how the run ended."""
        self._write(Line(Kind.RESULT, summarize(report)), summary_line(report))
        for line in describe_end(report):
            self._write(line, {})

    def problem(self, text: str) -> None:
        """Write down what went wrong beside the run."""
        self._write(Line(Kind.PROBLEM, text), {})

    def _write(self, line: Line, told: Mapping[str, Any]) -> None:
        moment, level = show_timestamp(self._clock.now()), _LEVELS[line.kind]
        if self._form is LogFormat.TEXT:
            self._write_line(f"{moment} {level:5} {line.text}")
            return
        value = {"time": moment, "level": level, "message": line.text, **told}
        self._write_line(msgspec.json.encode(value).decode())
