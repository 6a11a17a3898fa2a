"""Pictures as terminals take them: three protocols, none of which every terminal speaks. No I/O."""

from __future__ import annotations

import zlib
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

# sw.kovidgoyal.net/kitty/graphics-protocol: what one escape sequence may carry.
_KITTY_CHUNK = 4096
# Six levels a colour, as xterm's cube has them: 216 of sixel's 256 registers.
_LEVELS = 6
_SIXEL_ROWS = 6


@dataclass(frozen=True, slots=True)
class Pixels:
    """A picture: RGB, three bytes a pixel, row by row."""

    width: int
    height: int
    rgb: bytes


def to_kitty(pixels: Pixels) -> str:
    """Return the picture in kitty's protocol: transmit and display, 24-bit pixels, deflated, in chunks."""
    text = b64encode(zlib.compress(pixels.rgb)).decode()
    chunks = [text[at : at + _KITTY_CHUNK] for at in range(0, len(text), _KITTY_CHUNK)]
    keys = f"a=T,f=24,o=z,s={pixels.width},v={pixels.height},"
    parts = []
    for number, chunk in enumerate(chunks):
        more = int(number < len(chunks) - 1)
        parts.append(f"\x1b_G{'' if number else keys}m={more};{chunk}\x1b\\")
    return "".join(parts)


def to_iterm(data: bytes) -> str:
    """Return a picture's file in iTerm2's protocol (iterm2.com/documentation-images.html)."""
    return f"\x1b]1337;File=inline=1;size={len(data)};width=60;height=12:{b64encode(data).decode()}\a"


def to_sixel(pixels: Pixels) -> str:
    """Return the picture as sixels (DEC STD 070 §9): six rows at a time, a pass for each colour in them."""
    colours = bytes(value * (_LEVELS - 1) // 255 for value in range(256))
    cube = [_number(rgb) for rgb in _triples(pixels.rgb.translate(colours))]
    registers = "".join(f"#{number};2;{_percents(number)}" for number in sorted(set(cube)))
    bands = []
    for top in range(0, pixels.height, _SIXEL_ROWS):
        rows = [
            cube[row * pixels.width : (row + 1) * pixels.width]
            for row in range(top, min(top + _SIXEL_ROWS, pixels.height))
        ]
        bands.append("$".join(_pass(number, rows) for number in sorted({n for row in rows for n in row})))
    return f'\x1bP0;1q"1;1;{pixels.width};{pixels.height}{registers}{"-".join(bands)}\x1b\\'


def _pass(number: int, rows: list[list[int]]) -> str:
    """Return where one colour is in a band: a character a column, repeats counted (`!N`)."""
    masks = [sum((row[x] == number) << bit for bit, row in enumerate(rows)) for x in range(len(rows[0]))]
    runs = ((chr(63 + mask), len(list(group))) for mask, group in groupby(masks))
    return f"#{number}" + "".join(f"!{count}{char}" if count > 1 else char for char, count in runs)


def _triples(data: bytes) -> Iterator[tuple[int, int, int]]:
    return zip(data[::3], data[1::3], data[2::3], strict=True)


def _number(rgb: tuple[int, int, int]) -> int:
    red, green, blue = rgb
    return (red * _LEVELS + green) * _LEVELS + blue


def _percents(number: int) -> str:
    levels = (number // _LEVELS**2, number // _LEVELS % _LEVELS, number % _LEVELS)
    return ";".join(str(level * 100 // (_LEVELS - 1)) for level in levels)
