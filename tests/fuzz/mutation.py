"""Changes that a file survives far enough to do harm: most keep its length, many hit where numbers stand."""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable
from functools import partial

Change = Callable[[random.Random, bytearray, bytes], None]

_MOST_CHANGES = 8
# Where a file says how it is built: in its head, and, an MP4, in its last box.
_HEAD_BYTES = 800
# Sizes and counts at which a sum overflows, an allocation grows or a loop does not end.
_NUMBERS = (0, 1, 2, 7, 8, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
_PNG_HEADER = b"\x89PNG\r\n\x1a\n"


def mutate(chance: random.Random, data: bytes, other: bytes) -> bytes:
    """Return `data` with a few changes, one of them perhaps a piece of `other`."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, _MOST_CHANGES)):
        chance.choices(_CHANGES, _WEIGHTS)[0](chance, changed, other)
    if changed.startswith(_PNG_HEADER) and chance.random() < 0.8:
        _correct_checksums(changed)
    return bytes(changed)


def _place(chance: random.Random, data: bytearray, room: int = 1) -> int:
    last = max(0, len(data) - room)
    match chance.randrange(4):
        case 0:
            return chance.randint(0, min(_HEAD_BYTES, last))
        case 1:
            return chance.randint(max(0, last - _HEAD_BYTES), last)
        case _:
            return chance.randint(0, last)


def _flip(chance: random.Random, data: bytearray, _other: bytes) -> None:
    if data:
        data[_place(chance, data)] ^= 1 << chance.randrange(8)


def _number(width: int, chance: random.Random, data: bytearray, _other: bytes) -> None:
    at = _place(chance, data, width)
    order = chance.choice(("big", "little"))
    value = chance.choice(_NUMBERS) & ((1 << 8 * width) - 1)
    data[at : at + width] = value.to_bytes(width, "big" if order == "big" else "little")


def _noise(chance: random.Random, data: bytearray, _other: bytes) -> None:
    length = chance.randint(1, 64)
    at = _place(chance, data, length)
    data[at : at + length] = chance.randbytes(length)


def _cut(chance: random.Random, data: bytearray, _other: bytes) -> None:
    del data[_place(chance, data) :]


def _delete(chance: random.Random, data: bytearray, _other: bytes) -> None:
    at = _place(chance, data)
    del data[at : at + chance.randint(1, 64)]


def _repeat(chance: random.Random, data: bytearray, _other: bytes) -> None:
    at = _place(chance, data)
    data[at:at] = data[at : at + chance.randint(1, 256)] * chance.randint(1, 8)


def _swap(chance: random.Random, data: bytearray, _other: bytes) -> None:
    """Copy bytes of the file over others of it: a box of one kind where another belongs."""
    length = chance.randint(4, 128)
    source, target = _place(chance, data, length), _place(chance, data, length)
    data[target : target + length] = data[source : source + length]


def _splice(chance: random.Random, data: bytearray, other: bytes) -> None:
    length = chance.randint(4, 512)
    source, target = chance.randint(0, max(0, len(other) - length)), _place(chance, data, length)
    data[target : target + length] = other[source : source + length]


def _correct_checksums(data: bytearray) -> None:
    """Let the changed chunks of a PNG pass (PNG specification §5.3): behind the checksum is the decoder."""
    at = len(_PNG_HEADER)
    while at + 12 <= len(data):
        end = at + 8 + int.from_bytes(data[at : at + 4], "big")
        if end + 4 > len(data):
            return
        data[end : end + 4] = zlib.crc32(data[at + 4 : end]).to_bytes(4, "big")
        at = end + 4


_CHANGES: tuple[Change, ...] = (
    _flip,
    *(partial(_number, width) for width in (1, 2, 4, 8)),
    *(_noise, _swap, _splice, _repeat, _delete, _cut),
)
_WEIGHTS = (8, 4, 4, 8, 2, 2, 3, 3, 1, 1, 0.5)
