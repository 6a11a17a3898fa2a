"""Where a picture's bytes should end. Decoders are lenient there: a PNG without its last chunk opens well."""

from __future__ import annotations

import mmap
import re
from pathlib import Path

from archiver.domain.checks import MediaKind
from archiver.media.boxes import find_box_flaw

_CUT = "cut short: its end is missing"
# A marker in or after a JPEG's scan: no stuffed FF, no restart, no filling (ITU-T T.81 §B.1.1).
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_END_OF_IMAGE = 0xD9
_GIF_TRAILER, _GIF_EXTENSION, _GIF_IMAGE = 0x3B, 0x21, 0x2C


def find_end_flaw(path: Path, kind: MediaKind) -> str | None:
    """Return what a picture lacks at its end, or None. What stands behind an end is no flaw, but in AVIF."""
    if kind is MediaKind.AVIF:
        return find_box_flaw(path, needs_film=False)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            return None if _WALKS[kind](data) <= len(data) else _CUT
        except IndexError:
            return _CUT


def _end_of_jpeg(data: mmap.mmap) -> int:
    """Go from marker to marker: an end may also stand in a thumbnail within a segment."""
    at = 2
    while found := _MARKER.search(data, at):
        marker, at = data[found.end() - 1], found.end()
        if marker == _END_OF_IMAGE:
            return at
        at += _number(data, at, 2)
    raise IndexError


def _end_of_png(data: mmap.mmap) -> int:
    """Go from chunk to chunk (PNG specification §5.3): length, type, content, checksum."""
    at, kind = 8, b""
    while kind != b"IEND":
        kind = data[at + 4 : at + 8]
        at += 12 + _number(data, at, 4)
    return at


def _end_of_webp(data: mmap.mmap) -> int:
    """Trust the RIFF header (RFC 9649 §2.4)."""
    return 8 + int.from_bytes(data[4:8], "little")


def _end_of_gif(data: mmap.mmap) -> int:
    """Go from block to block (GIF89a §§18-27)."""
    at = 13 + _colour_table_bytes(data[10])
    while data[at] != _GIF_TRAILER:
        if data[at] == _GIF_IMAGE:
            at += 11 + _colour_table_bytes(data[at + 9])
        elif data[at] == _GIF_EXTENSION:
            at += 2
        else:
            raise IndexError
        at = _after_blocks(data, at)
    return at + 1


def _after_blocks(data: mmap.mmap, at: int) -> int:
    while data[at]:
        at += 1 + data[at]
    return at + 1


def _colour_table_bytes(flags: int) -> int:
    return 3 << 1 + (flags & 7) if flags & 0x80 else 0


def _number(data: mmap.mmap, at: int, width: int) -> int:
    """Return a big-endian number. Raises `IndexError` where the data end before it does."""
    if at + width > len(data):
        raise IndexError
    return int.from_bytes(data[at : at + width], "big")


_WALKS = {
    MediaKind.JPEG: _end_of_jpeg,
    MediaKind.PNG: _end_of_png,
    MediaKind.WEBP: _end_of_webp,
    MediaKind.GIF: _end_of_gif,
}
