"""The boxes of an ISO media file (ISO/IEC 14496-12 §4.2), as far as they tell whether the file is whole.

A file with one index (`moov`) lists all its frames there, and its boxes end where it ends: any cut shows.
A fragmented one (§8.8) carries them piece by piece. A cut inside a piece shows; a cut exactly between two
shows where the file says beforehand how much is to come, by a segment index (`sidx`, §8.16.3) or a duration
(`mehd`, §8.8.2). Where it says neither, the rest is a whole, shorter film: then the size that the server
gave, or the promised duration, must tell.
"""

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
# They announce what follows: none of them is the last box of a whole file.
_ANNOUNCING = {b"ftyp", b"styp", b"sidx", b"moof", b"emsg", b"prft"}
_ONCE = {b"ftyp", b"moov"}
# Parts of an index: at the top level, they are the rest of another file.
_INNER = set(
    b"mvhd trak mvex mehd trex tkhd edts elst mdia mdhd hdlr minf vmhd smhd dinf dref stbl stsd avc1 avcC "
    b"stts stss ctts stsc stsz stco co64 sgpd sbgp mfhd traf tfhd tfdt trun tfra mfro ilst iprp ipco".split()
)


@dataclass(frozen=True, slots=True)
class Box:
    """One box: its type, where it begins, where its content begins and where both end, in bytes."""

    kind: bytes
    start: int
    content: int
    end: int


class BrokenBoxesError(ValueError):
    """The boxes do not fill the file."""


def find_box_flaw(path: Path, *, needs_film: bool) -> str | None:
    """Return what is wrong with the boxes at a file's top level, or None; a film needs an index and data.

    They end exactly at the file's end: every muxer and every whole download does that, and bytes
    beyond them, or a second beginning, are the sign of two files spliced. Raises `OSError`.
    """
    try:
        with path.open("rb") as file:
            boxes = list(_walk_file(file))
            kinds = [box.kind for box in boxes]
            return (
                (_lacks(kinds) if needs_film else None) or _find_splice(kinds) or _beyond_the_end(file, boxes)
            )
    except BrokenBoxesError as error:
        return str(error)


def promised_duration_s(path: Path) -> float | None:
    """Return the duration of all fragments together, in seconds, where the file has a `mehd`; or None.

    Raises `BrokenBoxesError`.
    """
    with path.open("rb") as file:
        index = _find(_walk_file(file), b"moov")
        extends = index and _find(_walk(file, index.content, index.end), b"mvex")
        promise = extends and _find(_walk(file, extends.content, extends.end), b"mehd")
        header = index and _find(_walk(file, index.content, index.end), b"mvhd")
        if promise is None or header is None:
            return None
        # A version 1 box has its times, two of which stand before the timescale, in eight bytes.
        timescale = _number(file, header, at=20 if _is_long(file, header) else 12, width=4)
        ticks = _number(file, promise, at=4, width=8 if _is_long(file, promise) else 4)
        return ticks / timescale if timescale else None


def _find(boxes: Iterator[Box], kind: bytes) -> Box | None:
    return next((box for box in boxes if box.kind == kind), None)


def _is_long(file: BinaryIO, box: Box) -> bool:
    return _number(file, box, at=0, width=1) == 1


def _number(file: BinaryIO, box: Box, *, at: int, width: int) -> int:
    file.seek(box.content + at)
    return int.from_bytes(file.read(width), "big")


def _lacks(kinds: list[bytes]) -> str | None:
    if b"moov" not in kinds:
        return "cut short: it has no index (moov)"
    if b"mdat" not in kinds:
        return "cut short: it has no media data (mdat)"
    if kinds[-1] in _ANNOUNCING:
        return f"cut short: nothing follows its last box {_shown(kinds[-1])}"
    return None


def _find_splice(kinds: list[bytes]) -> str | None:
    twice = next((kind for kind in sorted(_ONCE) if kinds.count(kind) > 1), None)
    if twice:
        return f"spliced: it has more than one box {_shown(twice)}"
    astray = next((kind for kind in kinds if kind in _INNER), None)
    return f"spliced: its box {_shown(astray)} stands outside of any index" if astray else None


def _beyond_the_end(file: BinaryIO, boxes: list[Box]) -> str | None:
    listed = max((_indexed_end(file, box) for box in boxes if box.kind == b"sidx"), default=0)
    missing = listed - boxes[-1].end
    return f"cut short: {missing} bytes that its segment index lists are missing" if missing > 0 else None


def _indexed_end(file: BinaryIO, box: Box) -> int:
    """Return where the last of the segments ends that a `sidx` lists."""
    file.seek(box.content)
    content = file.read(box.end - box.content)
    fields, width = 12, 8 if content[:1] == b"\x01" else 4
    offset = int.from_bytes(content[fields + width : fields + 2 * width], "big")
    entries = fields + 2 * width + 4
    listed = (content[at : at + 4] for at in range(entries, len(content), 12))
    return box.end + offset + sum(int.from_bytes(size, "big") & 0x7FFF_FFFF for size in listed)


def _walk_file(file: BinaryIO) -> Iterator[Box]:
    return _walk(file, 0, os.fstat(file.fileno()).st_size)


def _walk(file: BinaryIO, start: int, end: int) -> Iterator[Box]:
    for _ in range(_MOST_BOXES):
        if start >= end:
            return
        box = _read_box(file, start, end)
        if box.end > end:
            msg = f"cut short: {box.end - end} bytes of its box {_shown(box.kind)} are missing"
            raise BrokenBoxesError(msg)
        yield box
        start = box.end
    msg = f"broken: it has over {_MOST_BOXES} boxes"
    raise BrokenBoxesError(msg)


def _read_box(file: BinaryIO, start: int, end: int) -> Box:
    file.seek(start)
    header = file.read(min(_LONG_HEADER_BYTES, end - start))
    if len(header) < _HEADER_BYTES:
        msg = f"cut short: {len(header)} bytes are left where a box begins"
        raise BrokenBoxesError(msg)
    size, kind, length = int.from_bytes(header[:4], "big"), header[4:8], _HEADER_BYTES
    if size == _TO_THE_END and kind == b"mdat":
        return Box(kind, start, start + length, end)
    if size == _LONG_SIZE:
        size, length = int.from_bytes(header[8:], "big"), _LONG_HEADER_BYTES
    if size < length:
        msg = f"broken: at byte {start} stands no box but {header.hex(' ', 4)}"
        raise BrokenBoxesError(msg)
    return Box(kind, start, start + length, start + size)


def _shown(kind: bytes) -> str:
    return ascii(kind.decode("latin-1"))
