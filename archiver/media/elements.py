"""The elements of a Matroska or WebM file (RFC 8794, EBML), as far as they tell whether the file is whole.

A finished file has one segment, which says how long it is. One written to a pipe says "unknown"
(RFC 8794 §6.2): of such a file a cut cannot be told.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

_HEADER, _SEGMENT = 0x1A45DFA3, 0x18538067
# Void and CRC-32 may stand between any two elements (RFC 8794 §11.3).
_FILLING = {0xEC, 0xBF}
_MOST_FILLINGS = 1_000
_LONGEST_ID, _LONGEST_SIZE = 4, 8


class BrokenElementsError(ValueError):
    """The elements do not fill the file."""


def find_element_flaw(path: Path) -> str | None:
    """Return what is wrong with the elements at a file's top level, or None."""
    try:
        with path.open("rb") as file:
            _walk(file, os.fstat(file.fileno()).st_size)
    except BrokenElementsError as error:
        return str(error)
    return None


def _walk(file: BinaryIO, end: int) -> None:
    awaited = [_HEADER, _SEGMENT]
    for _ in range(_MOST_FILLINGS):
        if file.tell() == end:
            break
        kind = _read_kind(file)
        if awaited and kind == awaited[0]:
            awaited.pop(0)
        elif kind not in _FILLING:
            msg = f"spliced or broken: element {kind:x} stands where none of its kind belongs"
            raise BrokenElementsError(msg)
        size = _read_size(file)
        if size is None:
            return
        missing = file.tell() + size - end
        if missing > 0:
            msg = f"cut short: {missing} bytes are missing"
            raise BrokenElementsError(msg)
        file.seek(size, os.SEEK_CUR)
    if awaited:
        msg = "cut short: it has no segment"
        raise BrokenElementsError(msg)


def _read_kind(file: BinaryIO) -> int:
    return int.from_bytes(_read_number(file, _LONGEST_ID), "big")


def _read_size(file: BinaryIO) -> int | None:
    """Return a size in bytes, or None for "unknown": all its bits set (RFC 8794 §6.2)."""
    number = _read_number(file, _LONGEST_SIZE)
    most = (1 << 7 * len(number)) - 1
    size = int.from_bytes(number, "big") & most
    return None if size == most else size


def _read_number(file: BinaryIO, longest: int) -> bytes:
    """Read a number whose first bit that is set tells its length (RFC 8794 §4)."""
    first = file.read(1)
    length = 9 - first[0].bit_length() if first else 0
    number = first + file.read(max(0, length - 1))
    if not 0 < len(number) == length <= longest:
        msg = "cut short or broken: where an element should begin stands none"
        raise BrokenElementsError(msg)
    return number
