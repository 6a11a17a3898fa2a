"""The elements of a Matroska or WebM file (RFC 8794 §4-6, RFC 9559), as far as they tell if it is whole.

libav takes a cut for the end. A muxer that could seek wrote the segment's size: then that must be the file's.
One that could not (a live stream) left it unknown: then the elements inside must end at the file's end, and
of such a file alone a cut exactly between two of them cannot be found.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

_HEADER, _SEGMENT, _CLUSTER = 0x1A45DFA3, 0x18538067, 0x1F43B675
_CONTAINERS = {_SEGMENT, _CLUSTER}
# Void and CRC-32 may stand anywhere (RFC 8794 §11.3).
_FILLING = {0xEC, 0xBF}
_HEADER_BYTES = 12
_MOST_ID_BYTES, _MOST_SIZE_BYTES = 4, 8
# Blocks of an hour's live stream are some hundred thousand; more is an attack.
_MOST_ELEMENTS = 2_000_000


class _FlawError(ValueError):
    """The elements do not end where the file does."""


def find_element_flaw(path: Path) -> str | None:
    """Return what is wrong with a file's outer elements, or None. Raises `OSError`."""
    try:
        with path.open("rb") as file:
            _walk(file)
    except _FlawError as error:
        return str(error)
    return None


def _walk(file: BinaryIO) -> None:
    end = os.fstat(file.fileno()).st_size
    start = count = 0
    is_closed = False
    while start < end:
        file.seek(start)
        name, header_bytes, size = _read_header(file.read(_HEADER_BYTES))
        start += header_bytes
        _check_place(name, is_first=count == 0, is_closed=is_closed)
        is_closed = is_closed or (name == _SEGMENT and size is not None)
        if size is not None:
            start += size
        elif name not in _CONTAINERS:
            msg = f"broken: an element {name:#x} of unknown size"
            raise _FlawError(msg)
        count += 1
        if count > _MOST_ELEMENTS:
            msg = f"broken: it has over {_MOST_ELEMENTS} elements"
            raise _FlawError(msg)
    if start > end:
        msg = f"cut short: {start - end} bytes are missing"
        raise _FlawError(msg)


def _check_place(name: int, *, is_first: bool, is_closed: bool) -> None:
    """Find a second beginning, and bytes behind the end of a segment that told its size."""
    if is_first != (name == _HEADER) or (is_closed and name not in _FILLING):
        msg = f"spliced or broken: an element {name:#x} stands where none belongs"
        raise _FlawError(msg)


def _read_header(header: bytes) -> tuple[int, int, int | None]:
    """Return an element's id, its header's length and its data's size, None where that is unknown."""
    id_bytes = _length(header[:1], _MOST_ID_BYTES)
    size_bytes = _length(header[id_bytes : id_bytes + 1], _MOST_SIZE_BYTES)
    length = id_bytes + size_bytes
    if len(header) < length:
        msg = f"cut short: {len(header)} bytes are left where an element begins"
        raise _FlawError(msg)
    # The marker bit is a part of an id, not of a size.
    most = (1 << 7 * size_bytes) - 1
    size = int.from_bytes(header[id_bytes:length], "big") & most
    return int.from_bytes(header[:id_bytes], "big"), length, None if size == most else size


def _length(first: bytes, most: int) -> int:
    """Return how many bytes a number has that begins with `first`: one more than leading zero bits."""
    length = 9 - int.from_bytes(first, "big").bit_length()
    if not first:
        msg = "cut short: it ends where an element begins"
        raise _FlawError(msg)
    if length > most:
        msg = f"broken: no element begins with {first.hex()}"
        raise _FlawError(msg)
    return length
