"""How to go on with a body that broke off: the whole resume question, without I/O.

The rules:

1. Bytes are appended only where they continue the bytes held: same validator, same length, right offset.
2. Every resume fetches the last bytes held again, and they must be equal. With a strong validator a
   few are enough to catch a server that sends another range than it says; without one, 64 KiB.
3. A range is asked for under `If-Range` where there is a strong validator (RFC 9110 §13.1.5), so that a
   file that changed comes whole. A 206 that shows another validator or length is a file that changed.
4. Anything else starts anew: a whole download is always right.
5. A coding that nobody asked for is taken off a whole file, where it can be. A coded part continues nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from msgspec import Struct

from archiver.domain.decoding import CODINGS
from archiver.domain.timing import parse_http_date

OVERLAP_BYTES = 65_536
# Media are compressed: that a kilobyte is equal by chance does not happen.
OVERLAP_UNDER_VALIDATOR_BYTES = 1024

# Eighteen digits fit in 64 bits; `int` itself raises beyond some thousand.
_CONTENT_RANGE = re.compile(r"bytes\s+(\d{1,18})-(\d{1,18})/(\d{1,18}|\*)", re.ASCII | re.IGNORECASE)
_UNSATISFIED_RANGE = re.compile(r"bytes\s+\*/(\d{1,18})", re.ASCII | re.IGNORECASE)
_STRONG_AGE = timedelta(seconds=60)
_OK, _PARTIAL, _RANGE_NOT_SATISFIABLE = 200, 206, 416

Headers = Mapping[str, str]
"""Names in lower case."""


class Validator(Struct, frozen=True, kw_only=True):
    """What names one version of a file: `etag` and `last_modified` as the server wrote them.

    `date` is the answer's own: a Last-Modified at least a minute older is strong. So RFC 7232 §2.2.2 has it,
    and Apache httpd; RFC 9110 §8.8.2.2 takes a second, but an `If-Range` that is not honoured costs a file.
    """

    etag: str | None = None
    last_modified: str | None = None
    date: str | None = None

    @classmethod
    def from_headers(cls, headers: Headers) -> Validator:
        """Return the validator that an answer carries."""
        return cls(
            etag=headers.get("etag"), last_modified=headers.get("last-modified"), date=headers.get("date")
        )

    @property
    def if_range(self) -> str | None:
        """The value for `If-Range`, where one is strong enough for it."""
        # Beyond ASCII a header's bytes are anyone's guess: such an etag cannot be sent back as it came.
        if self.etag and self.etag.isascii() and self.etag.isprintable() and not self.etag.startswith("W/"):
            return self.etag
        modified, sent = parse_http_date(self.last_modified), parse_http_date(self.date)
        if modified and sent and sent - modified >= _STRONG_AGE:
            return self.last_modified
        return None

    def contradicts(self, other: Validator) -> bool:
        """Tell whether the two surely name different versions; what is absent contradicts nothing."""
        if self.etag and other.etag:
            return self.etag.removeprefix("W/") != other.etag.removeprefix("W/")
        if self.last_modified and other.last_modified:
            return self.last_modified != other.last_modified
        return False


class Held(Struct, frozen=True, kw_only=True):
    """The beginning of a body that is on disk: its length, and what is known of the whole."""

    length: int
    validator: Validator
    total: int | None = None

    @property
    def is_whole(self) -> bool:
        """True where nothing is left to fetch."""
        return self.total is not None and self.total == self.length and self.length > 0

    @property
    def overlap(self) -> int:
        """How many of the held bytes are fetched again, to be compared."""
        wanted = OVERLAP_UNDER_VALIDATOR_BYTES if self.validator.if_range else OVERLAP_BYTES
        return min(wanted, self.length)

    @property
    def request_headers(self) -> dict[str, str]:
        """The headers that ask for the rest."""
        headers = {"range": f"bytes={self.length - self.overlap}-"}
        if self.validator.if_range:
            headers["if-range"] = self.validator.if_range
        return headers


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """An answer's status and headers, before its body."""

    status: int
    headers: Headers

    @property
    def validator(self) -> Validator:
        """The version of the file that the answer is about."""
        return Validator.from_headers(self.headers)

    @property
    def content_length(self) -> int | None:
        """The body's length where the answer says it."""
        text = self.headers.get("content-length", "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None  # noqa: PLR2004 - 64 bits

    @property
    def encoding(self) -> str:
        """The content coding, empty for none."""
        coding = self.headers.get("content-encoding", "").strip().lower()
        return "" if coding == "identity" else coding


@dataclass(frozen=True, slots=True)
class Append:
    """The body continues: its first `overlap` bytes repeat the held ones from `start` on."""

    start: int
    overlap: int
    total: int | None


@dataclass(frozen=True, slots=True)
class Restart:
    """The body is the whole file, from its first byte; `total` is its length where it is said.

    With a `coding` (one of `CODINGS`) it must be unpacked, and the length is unknown.
    """

    total: int | None
    coding: str = ""


@dataclass(frozen=True, slots=True)
class AlreadyComplete:
    """All bytes are held."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """The body cannot be used; what is held cannot be continued either: ask for the whole file."""

    reason: str


BodyPlan = Append | Restart | AlreadyComplete | Refuse


def plan_body(held: Held | None, head: Head) -> BodyPlan:
    """Decide what an answer with a success status, or 416, means for the bytes held."""
    match head.status:
        case 200 if head.encoding in CODINGS:
            return Restart(None, head.encoding)
        case 200 | 206 if head.encoding:
            return Refuse(f"the server sent Content-Encoding {head.encoding[:20]!a}, which nobody asked for")
        case 200:
            return Restart(head.content_length)
        case 206:
            return _plan_partial(held, head)
        case 416 if held:
            return _plan_unsatisfied(held, head)
        case status:
            return Refuse(f"HTTP {status} is no answer to a download")


def _plan_partial(held: Held | None, head: Head) -> BodyPlan:
    found = _CONTENT_RANGE.fullmatch(head.headers.get("content-range", "").strip())
    if not found:
        return Refuse("206 without a readable Content-Range")
    start, end = int(found[1]), int(found[2])
    total = None if found[3] == "*" else int(found[3])
    if total is not None and end >= total:
        return Refuse(f"206 for bytes up to {end} of {total}")  # invalid: RFC 9110 §14.4
    if held is None:
        is_whole = start == 0 and total is not None and end == total - 1
        return Restart(total) if is_whole else Refuse("206 to a request for the whole file")
    return _plan_continuation(held, head, (start, end, total))


def _plan_continuation(held: Held, head: Head, span: tuple[int, int, int | None]) -> BodyPlan:
    start, end, total = span
    if start != held.length - held.overlap or end < start:
        return Refuse(f"206 for bytes from {start}, asked from {held.length - held.overlap}")
    if held.validator.contradicts(head.validator):
        return Refuse("the file changed since its first part was fetched")
    if held.total is not None and total is not None and held.total != total:
        return Refuse(f"the file was {held.total} bytes long, now {total}")
    known = total if total is not None else held.total
    if known is not None and known < held.length:
        return Refuse("the file is shorter than what is held of it")
    return Append(start=start, overlap=held.overlap, total=known)


def _plan_unsatisfied(held: Held, head: Head) -> BodyPlan:
    found = _UNSATISFIED_RANGE.fullmatch(head.headers.get("content-range", "").strip())
    same = not held.validator.contradicts(head.validator)
    if (
        found
        and int(found[1]) == held.length == (held.total or held.length)
        and same
        and held.validator.if_range
    ):
        return AlreadyComplete()
    return Refuse("416: the range cannot be had")
