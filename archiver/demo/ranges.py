"""Which bytes of a file a request asks for (RFC 9110 §14), without I/O.

The rules:

1. One range is served. Several, other units and what cannot be read are ignored: the whole file (§14.2).
2. A range counts only under an `If-Range` that names this version of the file (§13.1.5).
3. A range that begins beyond the end is not satisfiable: 416.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Whole:
    """The whole file."""


@dataclass(frozen=True, slots=True)
class Part:
    """The bytes from `start` up to, not including, `stop`."""

    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Unsatisfiable:
    """A range outside the file."""


Selection = Whole | Part | Unsatisfiable


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of a file: its length in bytes and its two validators, as they stand in headers."""

    length: int
    etag: str
    last_modified: str


def select_bytes(range_: str | None, if_range: str | None, version: Version) -> Selection:
    """Return what to send, by the values of `Range` and `If-Range`."""
    match = _RANGE.fullmatch((range_ or "").strip())
    first, last = match.groups() if match else ("", "")
    if not (first or last) or (if_range and if_range not in {version.etag, version.last_modified}):
        return Whole()
    if not first:
        return _suffix(int(last), version.length)
    if last and int(last) < int(first):
        return Whole()  # `bytes=9-3` is no range at all (§14.1.2)
    stop = min(int(last) + 1, version.length) if last else version.length
    return Part(int(first), stop) if int(first) < version.length else Unsatisfiable()


def _suffix(count: int, length: int) -> Selection:
    return Part(max(0, length - count), length) if count and length else Unsatisfiable()
