"""What an API, or a gateway before it, says instead of the page's JSON."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from tests.simulator.answering import Fault, Resource
from tests.simulator.api import json_response
from tests.simulator.wire import Request, Response, Wire

_PIECE = b"a" * 65_536
_HTML = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"


@dataclass(frozen=True, slots=True)
class HtmlPage(Fault):
    """A gateway's page; 200 by default, as misconfigured ones do it."""

    status: int = 200

    def answer(self, request: Request, resource: Resource) -> Response:
        """Answer with the page."""
        del request, resource
        return Response(status=self.status, headers={"content-type": "text/html"}, body=_HTML)


@dataclass(frozen=True, slots=True)
class CutJson(Fault):
    """The first half of the JSON, as a whole HTTP answer."""

    def answer(self, request: Request, resource: Resource) -> Response:
        """Answer with half of it."""
        honest = resource.respond(request)
        return replace(honest, body=honest.body[: len(honest.body) // 2])


@dataclass(frozen=True, slots=True)
class Null(Fault):
    """`null`."""

    def answer(self, request: Request, resource: Resource) -> Response:
        """Answer with it."""
        del request, resource
        return json_response(None)


@dataclass(frozen=True, slots=True)
class Array(Fault):
    """An array with the answer in it."""

    def answer(self, request: Request, resource: Resource) -> Response:
        """Answer with brackets around."""
        honest = resource.respond(request)
        return replace(honest, body=b"[" + honest.body + b"]")


@dataclass(frozen=True, slots=True)
class ErrorObject(Fault):
    """An error in the relay's words, under any status."""

    message: str = "quota exceeded"
    code: str = "insufficient_quota"
    status: int = 200

    def answer(self, request: Request, resource: Resource) -> Response:
        """Answer with the error."""
        del request, resource
        error = {"message": self.message, "type": "new_api_error", "code": self.code}
        return json_response({"error": error}, self.status)


@dataclass(frozen=True, slots=True)
class OtherId(Fault):
    """The answer about another generation."""

    other: str = "another-generation"

    def answer(self, request: Request, resource: Resource) -> Response:
        """Answer with the id exchanged."""
        honest = resource.respond(request)
        return replace(honest, body=json.dumps(json.loads(honest.body) | {"id": self.other}).encode())


@dataclass(frozen=True, slots=True)
class NumbersAsText(Fault):
    """Every number in quotes."""

    def answer(self, request: Request, resource: Resource) -> Response:
        """Answer with quotes around numbers."""
        return _with_numbers(resource.respond(request), str)


@dataclass(frozen=True, slots=True)
class NotANumber(Fault):
    """Every number is `NaN`, which JSON has not, though some libraries write it."""

    def answer(self, request: Request, resource: Resource) -> Response:
        """Answer with NaN for numbers."""
        return _with_numbers(resource.respond(request), lambda _: float("nan"))


def _with_numbers(honest: Response, change: Callable[[str], Any]) -> Response:
    value = json.loads(honest.body, parse_int=change, parse_float=change)
    return replace(honest, body=json.dumps(value).encode())


@dataclass(frozen=True, slots=True)
class DeepNesting(Fault):
    """The answer with a field of so many arrays within each other."""

    depth: int = 100_000

    def answer(self, request: Request, resource: Resource) -> Response:
        """Answer with one field more."""
        honest = resource.respond(request)
        field = b'"deep": ' + b"[" * self.depth + b"]" * self.depth
        return replace(honest, body=b"{" + field + b", " + honest.body[1:])


@dataclass(frozen=True, slots=True)
class GzipBomb(Fault):
    """A small gzip answer that unpacks to a JSON string of `size` bytes."""

    size: int = 100_000_000

    def answer(self, request: Request, resource: Resource) -> Response:
        """Answer with the bomb."""
        del request, resource
        headers = {"content-type": "application/json", "content-encoding": "gzip"}
        return Response(headers=headers, body=_bomb(self.size))


@cache
def _bomb(size: int) -> bytes:
    packer = zlib.compressobj(wbits=31)  # 31: a gzip header and the largest window (zlib's manual)
    pieces = [packer.compress(b'{"id": "')]
    pieces += [packer.compress(_PIECE) for _ in range(size // len(_PIECE))]
    return b"".join([*pieces, packer.compress(b'"}'), packer.flush()])


@dataclass(frozen=True, slots=True)
class EndlessJson(Fault):
    """A JSON string that does not end for as long as the client reads."""

    async def send(self, wire: Wire, response: Response) -> None:
        """Send chunks for ever."""
        await wire.send_head(response, transfer_encoding="chunked")
        await wire.send_chunk(b'{"id": "')
        while True:
            await wire.send_chunk(_PIECE)
