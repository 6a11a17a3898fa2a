"""Media hosts that resume wrongly: each of these, believed, splices two files or loses a part of one."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from tests.simulator.answering import Fault, Resource
from tests.simulator.hosted import HostedFile
from tests.simulator.wire import Request, Response

_PARTIAL = 206
_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")


@dataclass(frozen=True, slots=True)
class IgnoreRange(Fault):
    """200 and the whole file, whatever part was asked for."""

    def answer(self, request: Request, resource: Resource) -> Response:
        """Answer as if no range were asked for."""
        return resource.respond(_without_range(request))


@dataclass(frozen=True, slots=True)
class WrongRange(Fault):
    """206 that begins `shift` bytes later than asked, or earlier, and says so."""

    shift: int = 1000

    def answer(self, request: Request, resource: Resource) -> Response:
        """Answer with another range, honestly."""
        honest = resource.respond(request)
        span = _span_of(honest)
        if span is None:
            return honest
        start = _within(span[0] + self.shift, span[1])
        headers = {**request.headers, "range": f"bytes={start}-{span[1]}"}
        return resource.respond(replace(request, headers=headers))


@dataclass(frozen=True, slots=True)
class LyingRange(Fault):
    """206 with the Content-Range that was asked for and bytes from `shift` later, or earlier."""

    shift: int = -100

    def answer(self, request: Request, resource: Resource) -> Response:
        """Answer with the right head and as many of the wrong bytes."""
        honest = resource.respond(request)
        span = _span_of(honest)
        if span is None:
            return honest
        whole = resource.respond(_without_range(request)).body
        start = _within(span[0] + self.shift, span[1])
        # Where the file has no more, it begins again: the length must be right.
        return replace(honest, body=(whole[start:] + whole)[: len(honest.body)])


@dataclass(frozen=True, slots=True)
class RangeNotSatisfiable(Fault):
    """416 that names the file's length, or another."""

    length: int | None = None

    def answer(self, request: Request, resource: Resource) -> Response:
        """Answer with the status and the length."""
        whole = resource.respond(_without_range(request))
        told = len(whole.body) if self.length is None else self.length
        return replace(whole.with_headers(content_range=f"bytes */{told}"), status=416, body=b"")


@dataclass(frozen=True, slots=True)
class Changed(Fault):
    """The file is another one from now on; this request is the first to see it."""

    body: bytes

    def answer(self, request: Request, resource: Resource) -> Response:
        """Exchange the file, and answer about the new one. Raises `TypeError` for the API, which has none."""
        if not isinstance(resource, HostedFile):
            msg = f"{type(resource).__name__} is no file that could change"
            raise TypeError(msg)
        resource.replace(self.body)
        return resource.respond(request)


def _without_range(request: Request) -> Request:
    return replace(request, headers={name: text for name, text in request.headers.items() if name != "range"})


def _span_of(response: Response) -> tuple[int, int] | None:
    """Return the first and the last byte of a 206; None for any other answer."""
    found = _CONTENT_RANGE.fullmatch(response.headers.get("content-range", ""))
    return (int(found[1]), int(found[2])) if found and response.status == _PARTIAL else None


def _within(start: int, last: int) -> int:
    return min(max(0, start), last)
