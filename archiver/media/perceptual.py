"""What a film looks like, in 320 bits: two encodings of one film differ in few of them, two films in many.

The difference hash of N. Krawetz ("Kind of Like That", hackerfactor.com, 2013), of five frames at even
distances: a frame becomes 9x8 grey pixels, and of each two neighbours in a row a bit says whether it gets
brighter. Size, compression, brightness and colours do not matter, motion does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

import ffmpeg

from archiver.media.filming import run_on_film
from archiver.media.invocation import FILM, INPUT

BITS = 320
NEAR_BITS = 24
"""Films that differ in no more bits are near duplicates.

Measured on the demo's nine looks at 320x176 and 640x352: compressed harder (CRF 30), scaled to a half, shown
in grey or at twice the rate, they differ in 22 bits at most, the median in 2; any two of them in 38 and more,
the median in 155. In doubt both are kept: what was compressed to ruins (CRF 38), or scaled to a stamp, may
differ in 31. tests/media/test_perceptual.py has the like.
"""
_FRAMES = 5
_STRIDE = 20
_WIDTH, _HEIGHT = 9, 8
_FRAME_BYTES = _WIDTH * _HEIGHT
# Frames whose pixels are alike within so many levels of 255 have no edges, only noise.
_PLAIN_LEVELS = 12
# Of a film of some hours, the beginning.
_MOST_BYTES = 64_000_000


def perceptual_hash(source: BinaryIO) -> int | None:
    """Return the hash of a film, open as `source`; None where most of its frames are plain, or it has none.

    Raises `FilmError`, `UsageError` where there is no ffmpeg, `RunInterruptedError`.
    """
    output = ffmpeg.input(FILM, **INPUT).output(
        "-",
        format="rawvideo",
        pix_fmt="gray",
        an=None,
        # A moment of its own for each frame: none is repeated or dropped for an uneven one.
        vf=f"scale={_WIDTH}:{_HEIGHT}:flags=area+bitexact,setpts=N/TB",
        r=1,
        fs=_MOST_BYTES,
    )
    pixels = run_on_film(output, source, Path("/"))
    frames = [_frame(pixels, number) for number in range(_FRAMES)] if len(pixels) >= _FRAME_BYTES else []
    telling = [frame for frame in frames if max(frame) - min(frame) > _PLAIN_LEVELS]
    if len(telling) <= _FRAMES // 2:
        return None
    return sum(bit << place for place, bit in enumerate(_spread(frames)))


def differing_bits(one: int, other: int) -> int:
    """Return in how many bits two hashes differ."""
    return (one ^ other).bit_count()


def _frame(pixels: bytes, number: int) -> bytes:
    """Return the frame in the middle of part `number` of the film."""
    count = len(pixels) // _FRAME_BYTES
    start = (2 * number + 1) * count // (2 * _FRAMES) * _FRAME_BYTES
    return pixels[start : start + _FRAME_BYTES]


def _spread(frames: Sequence[bytes]) -> list[bool]:
    """Return the bits of all frames, those of distant pixels and other frames beside each other.

    Neighbours in a frame mostly agree: so a few bits in a row say more of a film.
    """
    bits = [bit for frame in frames for bit in _bits(frame)]
    return [bit for first in range(_STRIDE) for bit in bits[first::_STRIDE]]


def _bits(frame: bytes) -> Iterator[bool]:
    for start in range(0, _FRAME_BYTES, _WIDTH):
        row = frame[start : start + _WIDTH]
        yield from (left < right for left, right in pairwise(row))
