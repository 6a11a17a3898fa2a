"""Faults beside the simulator's own: those that matter to an archiver's rules and to little else."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from typing import ClassVar

from tests.simulator.answering import Fault, Resource
from tests.simulator.hosted import HostedFile
from tests.simulator.wire import Request, Response, Wire

_PARTIAL = 206
# zlib's `wbits` for a stream without a header (zlib's manual, deflateInit2).
_NO_HEADER = -15


@dataclass(frozen=True, slots=True)
class ConnectionClose(Fault):
    """A right answer under `Connection: close`, and the close."""

    async def send(self, wire: Wire, response: Response) -> None:
        """Send it all, close."""
        await wire.send_response(response.with_headers(connection="close"))
        wire.close()


@dataclass(frozen=True, slots=True)
class ForcedDeflate(Fault):
    """The right bytes as `deflate`: in a zlib stream, as RFC 9110 has it, or bare, as many servers do."""

    bare: bool = False

    def answer(self, request: Request, resource: Resource) -> Response:
        """Answer compressed."""
        honest = resource.respond(request)
        packer = zlib.compressobj(wbits=_NO_HEADER if self.bare else zlib.MAX_WBITS)
        packed = packer.compress(honest.body) + packer.flush()
        return replace(honest.with_headers(content_encoding="deflate"), body=packed)


@dataclass(frozen=True, slots=True)
class ClaimsCoding(Fault):
    """The plain bytes under the name of a coding."""

    coding: str = "gzip"

    def answer(self, request: Request, resource: Resource) -> Response:
        """Answer with one header more."""
        return resource.respond(request).with_headers(content_encoding=self.coding)


@dataclass(frozen=True, slots=True)
class RangeUnsaid(Fault):
    """206 without a Content-Range."""

    def answer(self, request: Request, resource: Resource) -> Response:
        """Answer with one header less."""
        honest = resource.respond(request)
        headers = {name: text for name, text in honest.headers.items() if name != "content-range"}
        return replace(honest, headers=headers)


@dataclass(frozen=True, slots=True)
class PartInstead(Fault):
    """206 with the second half, to a request for all of it."""

    def answer(self, request: Request, resource: Resource) -> Response:
        """Answer with half of it."""
        whole = resource.respond(request)
        half, size = len(whole.body) // 2, len(whole.body)
        part = whole.with_headers(content_range=f"bytes {half}-{size - 1}/{size}")
        return replace(part, status=_PARTIAL, body=whole.body[half:])


@dataclass(frozen=True, slots=True)
class SpentUrl(Fault):
    """403: the URLs of the whole generation have run out, this one first."""

    def answer(self, request: Request, resource: Resource) -> Response:
        """Refuse all URLs that were handed out. Raises `TypeError` for the API, which hands them out."""
        if not isinstance(resource, HostedFile):
            msg = f"{type(resource).__name__} is no file"
            raise TypeError(msg)
        resource.access.revoke()
        return resource.respond(request)


@dataclass(frozen=True, slots=True)
class RedirectAside(Fault):
    """A redirect to the same place at another base URL."""

    base: str
    status: int = 302

    def answer(self, request: Request, resource: Resource) -> Response:
        """Answer with the other place."""
        del resource
        return Response(status=self.status, headers={"location": self.base + request.target})


@dataclass(frozen=True, slots=True)
class RedirectsWithoutEnd(Fault):
    """Each redirect leads to a place not seen before."""

    persists: ClassVar[bool] = True

    def answer(self, request: Request, resource: Resource) -> Response:
        """Answer with the target and one character more."""
        del resource
        mark = "&" if "?" in request.target else "?"
        return Response(status=302, headers={"location": f"{request.target}{mark}again"})
