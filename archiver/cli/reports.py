"""Everybody beside the terminal who is told of a run, as outputs of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from archiver.cli.hooks import open_hooks
from archiver.cli.metrics import MetricsFile
from archiver.cli.output import Output
from archiver.cli.reporting import Reporting
from archiver.runtime.clock import Clock


@contextmanager
def open_reports(
    reporting: Reporting, clock: Clock, complain: Callable[[str], None]
) -> Iterator[list[Output]]:
    """Give the outputs that `reporting` asks for: hooks first, so that their end is before the last ping."""
    outputs: list[Output] = []
    with ExitStack() as stack:
        if reporting.each or reporting.after:
            outputs.append(stack.enter_context(open_hooks(reporting, complain)))
        if reporting.metrics_file:
            outputs.append(MetricsFile(reporting.metrics_file, reporting.archive, clock, complain))
        if reporting.ping_url:
            from archiver.cli.pings import open_pings  # noqa: PLC0415 - httpx takes 0.1 s to import

            outputs.append(stack.enter_context(open_pings(reporting.ping_url, complain)))
        yield outputs
