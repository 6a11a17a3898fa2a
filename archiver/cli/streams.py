"""Standard output and standard error as lines. A reader that went away ends the writing, quietly."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from io import TextIOWrapper
from typing import TextIO


class LineStream:
    """Writes whole lines, at once.

    After the first that cannot be written nothing is, and `on_broken` is told why: an error in
    whoever watches a run must not pass for one in the run.
    """

    def __init__(
        self,
        stream: TextIO | None,
        on_broken: Callable[[OSError], None] = lambda _: None,
        *,
        encoding: str | None = None,
    ) -> None:
        """Write in `encoding`, or in the stream's own; what that lacks is escaped."""
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding=encoding, errors="backslashreplace")
        self._stream = stream
        self._on_broken = on_broken

    def write(self, line: str) -> None:
        """Write one line; `line` has no end of its own."""
        if self._stream is None:
            return
        try:
            self._stream.write(line + "\n")
            self._stream.flush()
        except OSError as error:
            silence(self._stream)
            self._stream = None
            self._on_broken(error)


def silence(stream: TextIO) -> None:
    """Let what is still buffered go nowhere, or the interpreter complains of it while it ends.

    (Python's documentation of `signal`, "Note on SIGPIPE".)
    """
    with suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
