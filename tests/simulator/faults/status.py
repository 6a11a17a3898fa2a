"""Answers that are not success: a status, a redirect."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import ClassVar

from tests.simulator.answering import Fault, Resource
from tests.simulator.wire import Request, Response


@dataclass(frozen=True, slots=True)
class Status(Fault):
    """A status with a body; `retry_after` is seconds, a moment (in UTC), or any text."""

    code: int
    retry_after: float | datetime | str | None = None
    body: bytes = b"the simulated service fails as it was told"

    def answer(self, request: Request, resource: Resource) -> Response:
        """Answer with the status alone; the resource is not asked."""
        del request, resource
        response = Response(status=self.code, headers={"content-type": "text/plain"}, body=self.body)
        match self.retry_after:
            case None:
                return response
            case datetime() as moment:
                return response.with_headers(retry_after=format_datetime(moment, usegmt=True))
            case seconds_or_text:
                return response.with_headers(retry_after=str(seconds_or_text))


@dataclass(frozen=True, slots=True)
class Redirect(Fault):
    """Another place to go to; `url` may be relative."""

    url: str
    status: int = 302

    def answer(self, request: Request, resource: Resource) -> Response:
        """Answer with a `Location`."""
        del request, resource
        return Response(status=self.status, headers={"location": self.url})


@dataclass(frozen=True, slots=True)
class RedirectLoop(Fault):
    """A redirect to the very same place, each time."""

    persists: ClassVar[bool] = True

    def answer(self, request: Request, resource: Resource) -> Response:
        """Answer with the request's own target."""
        del resource
        return Response(status=302, headers={"location": request.target})
