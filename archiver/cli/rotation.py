"""A file of lines that is put aside when it is large: FILE becomes FILE.1, that FILE.2, and so on.

Not logging's RotatingFileHandler: one that cannot be put aside it tries to put aside for every line, and of a
line that cannot be written it makes a traceback (Python 3.11, logging/handlers.py, `handleError`).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from archiver.cli.streams import LineStream

# With the usual size that is 60 MB in all: some weeks of a busy job, in full.
KEPT_FILES = 5


class RotatingLines:
    """Appends whole lines to `path`; one that would make it larger than `max_bytes` begins a new file.

    None, and what is no regular file, is never put aside. A line that cannot be written ends the writing, and
    `complain` is told why. Opening raises `OSError`. Use `with`.
    """

    def __init__(self, path: Path, max_bytes: int | None, complain: Callable[[str], None]) -> None:
        self._path = path
        self._complain = complain
        self._file = self._open()
        self._max_bytes = max_bytes if _is_regular(self._file) else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def write(self, line: str) -> None:
        """Write one line; `line` has no end of its own."""
        if self._max_bytes is not None and self._size and self._size + len(line.encode()) >= self._max_bytes:
            self._put_aside()
        self._lines.write(line)
        self._size += len(line.encode()) + 1

    def _open(self) -> TextIO:
        file = self._path.open("a", encoding="utf-8", errors="backslashreplace")
        self._size = os.fstat(file.fileno()).st_size
        self._lines = LineStream(file, lambda error: self._complain(str(error.strerror)))
        return file

    def _put_aside(self) -> None:
        names = [self._path, *(Path(f"{self._path}.{number}") for number in range(1, KEPT_FILES + 1))]
        try:
            for older, newer in zip(reversed(names), reversed(names[:-1]), strict=False):
                if newer.exists():
                    newer.replace(older)
            fresh = self._open()
        except OSError as error:
            # It goes on in the file that it has: a log that is too large is better than none.
            self._complain(f"it cannot be put aside: {error.strerror}")
            self._max_bytes = None
        else:
            self._file.close()
            self._file = fresh


def _is_regular(file: TextIO) -> bool:
    return stat.S_ISREG(os.fstat(file.fileno()).st_mode)
