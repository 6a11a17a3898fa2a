"""A file on the media host, served as RFC 9110 asks: ranges, conditions, validators."""

from __future__ import annotations

import re
import zlib
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from tests.simulator.answering import Fault
from tests.simulator.wire import Request, Response

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_EXPIRED = b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"
_FIRST_MODIFIED = datetime(2024, 12, 22, 13, 40, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """What the media host offers beside the bytes."""

    etag: bool = True
    weak: bool = False
    """The etag is a weak one (`W/`), which `If-Range` may not use."""
    last_modified: bool = True
    ranges: bool = True


@dataclass(slots=True)
class Access:
    """Which URLs of a generation open its files: signatures are numbered; a URL without one is number 0."""

    newest: int = 0
    oldest_good: int = 0

    @property
    def is_signed(self) -> bool:
        """True once plain URLs open nothing any more."""
        return self.oldest_good > 0

    def sign(self) -> str:
        """Return the query of a fresh URL, as AWS signs it: good for an hour from now."""
        self.newest += 1
        begin = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
        return f"X-Amz-Date={begin}&X-Amz-Expires=3600&X-Amz-Signature={self.newest:064x}"

    def revoke(self) -> None:
        """Refuse all that was handed out until now."""
        self.oldest_good = self.newest + 1

    def opens(self, request: Request) -> bool:
        """Tell whether the request's URL is good."""
        signature = request.query.get("X-Amz-Signature", "0")
        return self.oldest_good <= int(signature, 16) <= self.newest


@dataclass(slots=True, kw_only=True)
class HostedFile:
    """A file under a path, in one version at a time."""

    path: str
    body: bytes
    media_type: str
    offers: Offers = Offers()
    faults: deque[Fault] = field(default_factory=deque)
    access: Access = field(default_factory=Access)
    version: int = 1

    def replace(self, body: bytes) -> None:
        """Put other bytes in the file's place: a new version, an hour younger."""
        self.body = body
        self.version += 1

    @property
    def etag(self) -> str:
        """The version's etag, as it is sent."""
        return ("W/" if self.offers.weak else "") + f'"v{self.version}-{zlib.crc32(self.body):08x}"'

    @property
    def last_modified(self) -> str:
        """The version's date, as it is sent."""
        return format_datetime(_FIRST_MODIFIED + timedelta(hours=self.version), usegmt=True)

    def respond(self, request: Request) -> Response:
        """Return the whole file, the range that is asked for (RFC 9110 §14.2), or 403 for a spent URL."""
        if not self.access.opens(request):
            return Response(status=403, headers={"content-type": "application/xml"}, body=_EXPIRED)
        whole = Response(headers=self._headers(), body=self.body)
        asked = _RANGE.fullmatch(request.headers.get("range", ""))
        if not asked or asked[0] == "bytes=-" or not self.offers.ranges or not self._holds(request):
            return whole
        start, stop = self._span(asked[1], asked[2])
        if start >= min(stop, len(self.body)):
            return Response(status=416, headers={"content-range": f"bytes */{len(self.body)}"})
        span = f"bytes {start}-{stop - 1}/{len(self.body)}"
        return Response(
            status=206, headers=self._headers() | {"content-range": span}, body=self.body[start:stop]
        )

    def _span(self, first: str, last: str) -> tuple[int, int]:
        size = len(self.body)
        if not first:
            return max(0, size - int(last)), size
        return int(first), min(size, int(last) + 1) if last else size

    def _holds(self, request: Request) -> bool:
        """Evaluate `If-Range` (RFC 9110 §13.1.5): only a strong match lets a range be sent."""
        condition = request.headers.get("if-range")
        if condition is None:
            return True
        is_etag = self.offers.etag and not self.offers.weak and condition == self.etag
        return is_etag or (self.offers.last_modified and condition == self.last_modified)

    def _headers(self) -> dict[str, str]:
        found = {"content-type": self.media_type, "date": format_datetime(datetime.now(UTC), usegmt=True)}
        if self.offers.etag:
            found["etag"] = self.etag
        if self.offers.last_modified:
            found["last-modified"] = self.last_modified
        if self.offers.ranges:
            found["accept-ranges"] = "bytes"
        return found
