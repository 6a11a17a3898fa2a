"""Sizes and rates as people write and read them."""

from __future__ import annotations

import re

from archiver.domain.errors import UsageError
from archiver.domain.timing import parse_duration

# Letters alone and with `B` are decimal, with `i` binary (IEC 80000-13); rclone and restic read them so, too.
_FACTORS = {
    "": 1,
    "k": 10**3,
    "m": 10**6,
    "g": 10**9,
    "t": 10**12,
    "ki": 2**10,
    "mi": 2**20,
    "gi": 2**30,
    "ti": 2**40,
}
# ASCII: to a pattern that ignores case, U+017F is an "s" otherwise. Fifteen digits: a float holds them all.
_SIZE = re.compile(r"(\d{1,15}(?:\.\d+)?)\s*([kmgt]?i?)b?", re.ASCII | re.IGNORECASE)
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d+)?)\s*%", re.ASCII)
_RATE = re.compile(r"(\d{1,15}(?:\.\d+)?)\s*/\s*(s|m|h|d|sec|min|hour|day)", re.ASCII | re.IGNORECASE)


def parse_size(text: str) -> int:
    """Return bytes from `500K`, `10MB`, `2GiB` or a plain number. Raises `UsageError`."""
    match = _SIZE.fullmatch(text.strip())
    factor = _FACTORS.get(match[2].lower()) if match else None
    if match is None or factor is None:
        msg = f"{text!r} is not a size: write bytes, or 500K, 10MB, 2GiB"
        raise UsageError(msg)
    return int(float(match[1]) * factor)


def parse_percent(text: str) -> float:
    """Return a fraction from `5%` or `0.5 %`; more than 0, at most 1. Raises `UsageError`."""
    match = _PERCENT.fullmatch(text.strip())
    fraction = float(match[1]) / 100 if match else 0.0
    if not 0 < fraction <= 1:
        msg = f"{text!r} is not a part of the whole: write a percentage, as in 5%"
        raise UsageError(msg)
    return fraction


def parse_request_rate(text: str) -> float:
    """Return requests a second from `60/m`, `5/s`, `1000/h`. Raises `UsageError`."""
    match = _RATE.fullmatch(text.strip())
    if not match or float(match[1]) == 0:
        msg = f"{text!r} is not a rate: write requests a second, minute or hour: 5/s, 60/m, 1000/h"
        raise UsageError(msg)
    return float(match[1]) / parse_duration("1" + match[2][0].lower())


def show_size(size_bytes: float) -> str:
    """Return bytes for a person: `812 B`, `4.6 MB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if round(abs(size_bytes), 1) < 1000:  # noqa: PLR2004 - decimal units, as drives and networks count
            return f"{size_bytes:.0f} {unit}" if unit == "B" else f"{size_bytes:.1f} {unit}"
        size_bytes /= 1000
    return f"{size_bytes:.1f} TB"
