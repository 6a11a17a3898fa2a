"""Bodies that are not the file, though the status says that they are."""

from __future__ import annotations

import gzip
from dataclasses import dataclass, replace

from tests.simulator.answering import Fault, Resource
from tests.simulator.wire import Request, Response

_CHALLENGE = b"<!DOCTYPE html><html><head><title>Just a moment...</title></head><body></body></html>"


@dataclass(frozen=True, slots=True)
class EmptyBody(Fault):
    """The right head, and nothing in the body."""

    def answer(self, request: Request, resource: Resource) -> Response:
        """Answer without the body."""
        return replace(resource.respond(request), body=b"")


@dataclass(frozen=True, slots=True)
class ChallengePage(Fault):
    """What a CDN shows to those it takes for robots: HTML, and 200."""

    def answer(self, request: Request, resource: Resource) -> Response:
        """Answer with the page."""
        del request, resource
        return Response(headers={"content-type": "text/html; charset=utf-8"}, body=_CHALLENGE)


@dataclass(frozen=True, slots=True)
class ForcedGzip(Fault):
    """The right bytes in a coding that nobody asked for."""

    def answer(self, request: Request, resource: Resource) -> Response:
        """Answer compressed."""
        honest = resource.respond(request)
        return replace(honest.with_headers(content_encoding="gzip"), body=gzip.compress(honest.body, mtime=0))


@dataclass(frozen=True, slots=True)
class Raw(Fault):
    """Any bytes, under the honest answer's headers or as the type that is given."""

    body: bytes
    status: int = 200
    media_type: str = "application/json"

    def answer(self, request: Request, resource: Resource) -> Response:
        """Answer with the bytes; the resource is not asked."""
        del request, resource
        return Response(status=self.status, headers={"content-type": self.media_type}, body=self.body)
