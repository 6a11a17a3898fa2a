"""Lines and JSON values cut out of a stream of bytes: each knows its line, none is over the limit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BufferedIOBase

from msgspec import Struct

from archiver.batch.manifest.row import MAX_ROW_BYTES, TOO_LONG

_PIECE_BYTES = 65_536
_OUTSIDE_STRINGS = re.compile(rb'[][{},"\n]')
# The last backslash of a piece has its character in the next one.
_INSIDE_STRINGS = re.compile(rb'"|\\.?', re.DOTALL)


class Cut(Struct, frozen=True, gc=False):
    """A part of a file that begins on `line`, from 1; where there is a `flaw`, it cannot be used."""

    line: int
    data: bytes
    flaw: str = ""


def read_lines(stream: BufferedIOBase) -> Iterator[Cut]:
    """Yield the lines, with their ends."""
    line = 0
    while data := stream.readline(MAX_ROW_BYTES + 1):
        line += 1
        if len(data) <= MAX_ROW_BYTES:
            yield Cut(line, data)
            continue
        while data and not data.endswith(b"\n"):
            data = stream.readline(_PIECE_BYTES)
        yield Cut(line, b"", TOO_LONG)


def read_values(stream: BufferedIOBase) -> Iterator[Cut]:
    """Yield the values in a JSON array, or JSON values one after the other, as they stand in the file.

    Where a value ends is decided by brackets and quotes alone; whether it is JSON is for a parser to say,
    value by value. So a damaged one costs itself only, a saved answer is had to the letter, each knows its
    line, and none can fill the memory: a streaming parser, which hands out what it understood, does not.
    """
    scanner, held, line = _Scanner(), _Held(), 1
    while piece := stream.readline(_PIECE_BYTES):
        start = 0
        for end, resume in scanner.scan(piece):
            held.add(piece[start:end], line)
            yield from held.release()
            start = resume
        held.add(piece[start:], line)
        line += piece.endswith(b"\n")
    is_cut_short = scanner.floor > 0 and not held.is_begun
    yield from held.release()
    if is_cut_short:
        yield Cut(line, b"", "the file ends before its array does")


class _Scanner:
    """Finds where values end: how deep the scan stands, and whether in a string.

    The values of an array stand at depth 1, those of none at depth 0: that is the floor.
    """

    def __init__(self) -> None:
        self.floor = 0
        self._depth = 0
        self._is_in_string = False
        self._skipped = 0

    def scan(self, piece: bytes) -> Iterator[tuple[int, int]]:
        """Yield where values end in `piece`, each with where the next one may begin."""
        position, self._skipped = self._skipped, 0
        while found := (_INSIDE_STRINGS if self._is_in_string else _OUTSIDE_STRINGS).search(piece, position):
            position = found.end()
            mark = found[0]
            if mark == b'"':
                self._is_in_string = not self._is_in_string
            elif self._is_in_string:
                self._skipped = int(mark == b"\\")
            elif (own := self._step(mark)) is not None:
                yield position - 1 + own, position

    def _step(self, mark: bytes) -> int | None:
        """Take a mark. Where it ends a value, return how many of its bytes are that value's: 0 or 1."""
        if mark in b",\n":
            return 0 if self._depth == self.floor else None
        if mark in b"]}":
            return self._close(mark)
        self._depth += 1
        if mark == b"[" and self._depth == 1:
            self.floor = 1
            return 0
        return None

    def _close(self, mark: bytes) -> int | None:
        if self._depth > self.floor:
            self._depth -= 1
            return 1 if self._depth == self.floor else None
        if mark == b"]" and self.floor:
            self.floor = self._depth = 0
            return 0
        return None  # closes nothing: left in the value, for the parser to refuse


class _Held:
    """The part of a value that has been read; of one that is too long, only where it began."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._line = 1
        self._is_too_long = False

    @property
    def is_begun(self) -> bool:
        """True where more than white space has been read."""
        return bool(self._data) or self._is_too_long

    def add(self, data: bytes, line: int) -> None:
        """Take the next part, which lies on `line`."""
        if not self.is_begun:
            data = data.lstrip()
            self._line = line
        if len(self._data) + len(data) > MAX_ROW_BYTES:
            self._is_too_long = True
            self._data.clear()
        if not self._is_too_long:
            self._data += data

    def release(self) -> Iterator[Cut]:
        """Yield the value, if there is one, and be empty."""
        if self.is_begun:
            flaw = TOO_LONG if self._is_too_long else ""
            yield Cut(self._line, bytes(self._data).rstrip(), flaw)
        self._data.clear()
        self._is_too_long = False
