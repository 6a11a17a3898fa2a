"""The boxes of an ISO media file (ISO/IEC 14496-12 §4.2), as far as they tell whether the file is whole."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_HEADER_BYTES = 8
_LONG_HEADER_BYTES = 16
_TO_THE_END, _LONG_SIZE = 0, 1
# A fragmented film of an hour has some thousands; a file of nothing but empty boxes is an attack.
_MOST_BOXES = 100_000


@dataclass(frozen=True, slots=True)
class Box:
    """One box: its type, where it begins, its size in bytes with its header."""

    kind: bytes
    start: int
    size: int


class CutShortError(ValueError):
    """The boxes do not end where the file does."""


def find_flaw(path: Path) -> str | None:
    """Return what is wrong with the boxes at a file's top level, or None.

    They must end exactly at the file's end: every muxer and every whole download does that, and bytes
    beyond them are the sign of two files spliced.
    """
    try:
        with path.open("rb") as file:
            kinds = {box.kind for box in _walk(file)}
    except CutShortError as error:
        return str(error)
    if b"moov" not in kinds:
        return "cut short: it has no index (moov)"
    if not kinds & {b"mdat", b"moof"}:
        return "cut short: it has no media data (mdat)"
    return None


def _walk(file: BinaryIO) -> Iterator[Box]:
    end = os.fstat(file.fileno()).st_size
    start = count = 0
    while start < end:
        box = _read_box(file, start, end)
        count += 1
        if count > _MOST_BOXES:
            msg = f"it has over {_MOST_BOXES} boxes"
            raise CutShortError(msg)
        if start + box.size > end:
            missing = start + box.size - end
            msg = f"cut short: {missing} bytes of its box {_shown(box.kind)} are missing"
            raise CutShortError(msg)
        yield box
        start += box.size


def _read_box(file: BinaryIO, start: int, end: int) -> Box:
    file.seek(start)
    header = file.read(_LONG_HEADER_BYTES)
    if len(header) < _HEADER_BYTES:
        msg = f"cut short: {len(header)} bytes are left where a box begins"
        raise CutShortError(msg)
    size, kind = int.from_bytes(header[:4], "big"), header[4:8]
    if size == _TO_THE_END:
        return Box(kind, start, end - start)
    smallest = _HEADER_BYTES
    if size == _LONG_SIZE:
        size, smallest = int.from_bytes(header[8:], "big"), _LONG_HEADER_BYTES
    if size < smallest:
        msg = f"broken: a box {_shown(kind)} of {size} bytes"
        raise CutShortError(msg)
    return Box(kind, start, size)


def _shown(kind: bytes) -> str:
    return ascii(kind.decode("latin-1"))
