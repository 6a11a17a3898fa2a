"""One request and its answer, over an engine: the one place where a library's errors become ours."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress

from archiver.domain.errors import (
    BrokenError,
    ConnectError,
    StalledError,
    TransferError,
)
from archiver.domain.exchange import Answer, Request
from archiver.domain.transfer import Head
from archiver.transport.engine import Engine, Failure, Reply
from archiver.transport.options import TransportOptions


class HttpTransport:
    """Carries a request to where its URL says and no further. Redirects are answers like any other.

    Errors are translated around sending and around the iteration over the body.
    """

    def __init__(self, options: TransportOptions, engine: Engine) -> None:
        self._options = options
        self._engine = engine
        # At INFO httpx logs every URL with its query, which may be a signature; at DEBUG httpcore logs heads.
        for name in ("httpx", "httpcore"):
            logging.getLogger(name).setLevel(logging.WARNING)
        # A server may send its head a byte at a time and never be silent: the whole has its limit, too.
        self._head_timeout_s = options.connect_timeout_s + options.stall_timeout_s

    async def close(self) -> None:
        """Close all connections."""
        await self._engine.close()

    @asynccontextmanager
    async def open(self, request: Request) -> AsyncIterator[Answer]:
        """Send the request and wait for the head of its answer. Raises `TransferError`."""
        reply = await self._send(request)
        body = self._body(reply, request.url.host)
        head = Head(status=reply.status, headers=_merged(reply.headers))
        try:
            yield Answer(url=request.url, head=head, body=body)
        finally:
            # What cannot be closed in good order is closed all the same.
            with suppress(*self._engine.errors):
                await reply.close()

    async def _send(self, request: Request) -> Reply:
        host = request.url.host
        try:
            async with asyncio.timeout(self._head_timeout_s):
                return await self._engine.send(request.url, self._headers(request))
        except self._engine.errors as error:
            raise self._translate(error, host) from error
        except TimeoutError as error:
            msg = f"{host}: no whole answer within {self._head_timeout_s:g} s"
            raise StalledError(msg) from error

    def _headers(self, request: Request) -> dict[str, str]:
        headers = {"accept": "*/*", "user-agent": self._options.user_agent, **request.headers}
        headers["accept-encoding"] = "identity"
        if request.key:
            headers["authorization"] = f"Bearer {request.key.secret}"
        return headers

    def _body(self, reply: Reply, host: str) -> AsyncIterator[bytes]:
        return _Body(reply.body, self._engine.errors, lambda error: self._translate(error, host))

    def _translate(self, error: Exception, host: str) -> TransferError:
        kind, reason = self._engine.diagnose(error)
        way = " by way of the proxy" if self._options.proxy else ""
        match kind:
            case Failure.UNREACHABLE:
                return ConnectError(f"{host}: no connection{way}: {reason}")
            case Failure.LATE:
                return ConnectError(
                    f"{host}: no connection{way} within {self._options.connect_timeout_s:g} s"
                )
            case Failure.SILENT:
                return StalledError(f"{host}: no byte for {self._options.stall_timeout_s:g} s")
            case Failure.BROKEN:
                return BrokenError(f"{host}: the connection broke: {reason}")


class _Body(AsyncIterator[bytes]):
    """The pieces as they arrive; an engine's error comes out as ours."""

    def __init__(
        self,
        pieces: AsyncIterator[bytes],
        errors: tuple[type[Exception], ...],
        translate: Callable[[Exception], TransferError],
    ) -> None:
        self._pieces = pieces
        self._errors = errors
        self._translate = translate

    async def __anext__(self) -> bytes:
        try:
            return await anext(self._pieces)
        except self._errors as error:
            raise self._translate(error) from error


def _merged(received: Iterable[tuple[str, str]]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in received:
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    if "transfer-encoding" in headers:
        # It overrides the length (RFC 9112 §6.3), which then says nothing.
        headers.pop("content-length", None)
    return headers
