"""Opening a manifest, whatever it is: a file, a pipe, standard input."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from archiver.domain.errors import UsageError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

STANDARD_INPUT = "-"
_HEAD_BYTES = 65_536
_UTF8_BOM = b"\xef\xbb\xbf"
# What people hand in by mistake, by its first bytes, and what to do instead.
_OTHER_FILES = {
    b"\xff\xfe": "is UTF-16: save it as UTF-8",
    b"\xfe\xff": "is UTF-16: save it as UTF-8",
    b"\x00\x00\xfe\xff": "is UTF-32: save it as UTF-8",
    b"PK\x03\x04": "is a spreadsheet or a ZIP file: save it as CSV",
    b"\x1f\x8b": "is compressed with gzip: unpack it, or pipe `gzip -dc` into `-`",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A manifest whose beginning is known and whose bytes, less a byte order mark, are still to be read.

    `name` is what people call it; `head` holds the first line that is not blank, if it is not too long.
    """

    name: str
    head: bytes
    stream: io.BufferedReader


def check_source(source: str) -> None:
    """Raise `UsageError` where `source` surely cannot be read. It is not opened: a pipe can be but once."""
    if source == STANDARD_INPUT:
        return
    try:
        mode = Path(source).stat().st_mode
    except (OSError, ValueError) as error:
        raise _unreadable(source, error) from error
    if stat.S_ISDIR(mode):
        msg = f"{_shown(source)}: is a folder, not a manifest"
        raise UsageError(msg)
    if not os.access(source, os.R_OK):
        msg = f"{_shown(source)}: cannot be read: permission denied"
        raise UsageError(msg)


@contextmanager
def open_source(source: str) -> Iterator[Opened]:
    """Open a file, or standard input for `-`. Raises `UsageError`, also for what happens while it is read."""
    name = "<stdin>" if source == STANDARD_INPUT else source
    check_source(source)
    try:
        file, is_ours = (0, False) if source == STANDARD_INPUT else (source, True)
        with open(file, "rb", buffering=0, closefd=is_ours) as raw:
            head = _read_head(raw)
            _refuse_other_files(name, head)
            head = head.removeprefix(_UTF8_BOM)
            yield Opened(name=name, head=head, stream=io.BufferedReader(_Rejoined(head, raw), _HEAD_BYTES))
    except OSError as error:
        raise _unreadable(name, error) from error


class _Rejoined(io.RawIOBase):
    """A stream whose first bytes were read already: a pipe cannot be sought back."""

    def __init__(self, head: bytes, rest: io.FileIO) -> None:
        self._head = head
        self._rest = rest

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        """Fill `buffer` from the head, then from the rest."""
        if not self._head:
            return self._rest.readinto(buffer)
        view = memoryview(buffer)
        part, self._head = self._head[: len(view)], self._head[len(view) :]
        view[: len(part)] = part
        return len(part)


def _read_head(raw: io.FileIO) -> bytes:
    head = b""
    while len(head) < _HEAD_BYTES and b"\n" not in head.removeprefix(_UTF8_BOM).lstrip():
        piece = raw.read(_HEAD_BYTES)
        if not piece:
            break
        head += piece
    return head


def _refuse_other_files(name: str, head: bytes) -> None:
    advice = next((advice for magic, advice in _OTHER_FILES.items() if head.startswith(magic)), None)
    # UTF-16 without its mark: every other byte of ASCII is 0, and two more are not.
    if [byte == 0 for byte in head[:4]] in ([True, False] * 2, [False, True] * 2):
        advice = _OTHER_FILES[b"\xff\xfe"]
    if advice:
        msg = f"{_shown(name)}: {advice}"
        raise UsageError(msg)


def _unreadable(name: str, error: OSError | ValueError) -> UsageError:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return UsageError(f"{_shown(name)}: cannot be read: {reason[:1].lower()}{reason[1:]}")


def _shown(name: str) -> str:
    return name if name.isprintable() else ascii(name)
