"""A monitor told of each run: its start, then its success or its failure, with the summary.

The convention is that of healthchecks.io (healthchecks.io/docs/http_api), which others have taken over: the
URL itself is a success, `/start` and `/fail` below it are the others. A monitor that is out of reach is
reported and changes nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import uuid4

from archiver.cli.text import clean
from archiver.cli.wording import describe_end, summarize
from archiver.domain.errors import TransferError
from archiver.domain.events import Event
from archiver.domain.identity import MediaUrl
from archiver.domain.outcome import RunReport
from archiver.transport.posting import post


@contextmanager
def open_pings(url: MediaUrl, complain: Callable[[str], None]) -> Iterator[Pings]:
    """Give the output that pings; a run that ends without a report has failed."""
    pings = Pings(url, complain)
    pings.start()
    try:
        yield pings
    finally:
        pings.close()


class Pings:
    """Tells the monitor. The start is told beside the run; its end waits until it is told, or cannot be."""

    def __init__(self, url: MediaUrl, complain: Callable[[str], None]) -> None:
        self._url = url
        self._complain = complain
        # With it the monitor finds the start that an end belongs to, and so the time between.
        self._run = str(uuid4())
        self._starting = threading.Thread(target=self._ping, args=("/start", ""), name="ping", daemon=True)
        self._is_ended = False

    def __call__(self, _event: Event) -> None:
        """Take no note."""

    def start(self) -> None:
        """Tell of the start."""
        self._starting.start()

    def finish(self, report: RunReport) -> None:
        """Tell of the end."""
        lines = [summarize(report), *(line.text for line in describe_end(report))]
        self._end("" if report.exit_code == 0 else "/fail", "\n".join(lines))

    def close(self) -> None:
        """Tell of a failure where no end was told."""
        if not self._is_ended:
            self._end("/fail", "the run ended without a report")

    def _end(self, what: str, text: str) -> None:
        self._is_ended = True
        self._starting.join()
        self._ping(what, text)

    def _ping(self, what: str, text: str) -> None:
        try:
            post(self._target(what), text.encode(errors="backslashreplace"))
        except TransferError as error:
            self._complain(f"--ping-url: {clean(error.message)}")

    def _target(self, what: str) -> MediaUrl:
        parts = self._url.parts
        query = f"{parts.query}&rid={self._run}" if parts.query else f"rid={self._run}"
        return MediaUrl(parts._replace(path=parts.path.rstrip("/") + what, query=query).geturl())
