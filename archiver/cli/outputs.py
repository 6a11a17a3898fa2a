"""Everything that watches a run, as one observer."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from archiver.cli.jsonlines import JsonLines
from archiver.cli.logfile import Log, open_log
from archiver.cli.narration import Narration, Sinks
from archiver.cli.output import Output
from archiver.cli.plain import Heartbeat
from archiver.cli.reporting import Reporting
from archiver.cli.reports import open_reports
from archiver.cli.settings import Display
from archiver.cli.streams import LineStream
from archiver.cli.text import is_terminal, may_colour
from archiver.domain.events import Event
from archiver.domain.outcome import RunReport
from archiver.runtime.clock import SystemClock

if TYPE_CHECKING:
    from archiver.cli.progress import Bars


@dataclass(frozen=True, slots=True)
class FanOut:
    """Tells several outputs the same, in their order."""

    outputs: tuple[Output, ...]

    def __call__(self, event: Event) -> None:
        """Pass on one event."""
        for output in self.outputs:
            output(event)

    def finish(self, report: RunReport) -> None:
        """Pass on the end."""
        for output in self.outputs:
            output.finish(report)


@contextmanager
def open_outputs(
    display: Display,
    *,
    generations: int | None,
    on_broken: Callable[[OSError], None],
    reporting: Reporting | None = None,
) -> Iterator[FanOut]:
    """Open what the display's options ask for, on this process's own streams, and whom `reporting` names.

    `generations` is how many there will be, where that is known. `on_broken` is told why standard
    output can no longer be written. Raises `click.UsageError` where the log cannot be opened.
    """
    clock = SystemClock()
    # JSON is UTF-8, whatever the terminal's encoding (RFC 8259 §8.1).
    out = LineStream(sys.stdout, on_broken, encoding="utf-8" if display.json else None)
    err = LineStream(sys.stderr)
    sinks = Sinks(out=out.write, err=err.write, colour=may_colour(sys.stderr))
    outputs: list[Output] = []
    with ExitStack() as stack:
        if is_terminal(sys.stderr) and not display.quiet:
            bars, sinks = _bars_around(sinks, generations)
            stack.callback(bars.close)
            outputs.append(bars)
        elif not display.quiet:
            outputs.append(Heartbeat(err.write, clock))
        outputs.append(Narration(sinks, display))
        if display.json:
            outputs.append(JsonLines(sinks.out))
        log = stack.enter_context(open_log(display.log, clock, sinks.err)) if display.log else None
        outputs.extend([log] if log else [])
        if reporting:
            outputs.extend(stack.enter_context(open_reports(reporting, clock, _complaining(sinks, log))))
        yield FanOut(tuple(outputs))


def _complaining(sinks: Sinks, log: Log | None) -> Callable[[str], None]:
    """Return what tells of trouble beside the run."""

    def complain(text: str) -> None:
        sinks.err(f"luma-archiver: {text}")
        if log:
            log.problem(text)

    return complain


def _bars_around(sinks: Sinks, generations: int | None) -> tuple[Bars, Sinks]:
    from archiver.cli.progress import Bars  # noqa: PLC0415 - without a terminal there is no need of tqdm

    bars = Bars(sys.stderr, generations)
    above = Sinks(
        out=bars.above(sinks.out, sys.stdout), err=bars.above(sinks.err, sys.stderr), colour=sinks.colour
    )
    return bars, above
