"""One request and its answer, over an engine: the one place where a library's errors become ours."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterable, AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import httpx

from archiver.domain.decoding import Piece
from archiver.domain.errors import (
    BrokenError,
    ConnectError,
    StalledError,
    TransferError,
    UrlRefusedError,
)
from archiver.domain.exchange import Answer, Request
from archiver.domain.transfer import Head
from archiver.transport.engine import Engine, Failure
from archiver.transport.options import TransportOptions


class HttpTransport:
    """Carries a request to where its URL says and no further. Redirects are answers like any other.

    Errors are translated around sending and around the iteration over the body. httpx's requests go straight
    to the engine's transport: redirects, cookies and authorization, which httpx's client sees to, are none of
    its business here, and looking for them took a tenth of the event loop's time.
    """

    def __init__(self, options: TransportOptions, engine: Engine) -> None:
        self._options = options
        self._engine = engine
        _silence_libraries()
        self._timeouts = httpx.Timeout(
            options.stall_timeout_s, connect=options.connect_timeout_s, pool=None
        ).as_dict()
        # A server may send its head a byte at a time and never be silent: the whole has its limit, too.
        self._head_timeout_s = options.connect_timeout_s + options.stall_timeout_s

    async def close(self) -> None:
        """Close all connections."""
        await self._engine.transport.aclose()

    @asynccontextmanager
    async def open(self, request: Request) -> AsyncIterator[Answer]:
        """Send the request and wait for the head of its answer. Raises `TransferError`."""
        response = await self._send(request)
        body = self._body(response, request.url.host)
        try:
            yield Answer(url=request.url, head=_head(response), body=body)
        finally:
            # What cannot be closed in good order is closed all the same.
            with suppress(*self._engine.errors):
                await response.aclose()

    async def _send(self, request: Request) -> httpx.Response:
        host = request.url.host
        try:
            prepared = self._prepare(request)
            async with asyncio.timeout(self._head_timeout_s):
                return await self._engine.transport.handle_async_request(prepared)
        except self._engine.errors as error:
            raise self._translate(error, host) from error
        except TimeoutError as error:
            msg = f"{host}: no whole answer within {self._head_timeout_s:g} s"
            raise StalledError(msg) from error
        except (httpx.InvalidURL, UnicodeError) as error:
            msg = f"{host}: not a URL that can be asked for"
            raise UrlRefusedError(msg) from error

    def _prepare(self, request: Request) -> httpx.Request:
        headers = {
            "accept": "*/*",
            # What HTTP/1.0 needs to be told (RFC 9112 §9.3); those that speak 1.1 do it anyway.
            "connection": "keep-alive",
            **request.headers,
            "user-agent": self._options.user_agent,
            "accept-encoding": "identity",
        }
        if request.key:
            headers["authorization"] = f"Bearer {request.key.secret}"
        encoded = {name.encode(): value.encode() for name, value in headers.items()}
        return httpx.Request("GET", request.url.full, headers=encoded, extensions={"timeout": self._timeouts})

    def _body(self, response: httpx.Response, host: str) -> AsyncIterator[Piece]:
        return _Body(response, self._engine.errors, lambda error: self._translate(error, host))

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


class _Body(AsyncIterator[Piece]):
    """The pieces as they arrive; an engine's error comes out as ours."""

    def __init__(
        self,
        response: httpx.Response,
        errors: tuple[type[Exception], ...],
        translate: Callable[[Exception], TransferError],
    ) -> None:
        if not isinstance(response.stream, AsyncIterable):
            msg = "the engine gave a body for synchronous code"
            raise TypeError(msg)
        self._pieces: AsyncIterator[Piece] = aiter(response.stream)
        self._errors = errors
        self._translate = translate

    async def __anext__(self) -> Piece:
        try:
            return await anext(self._pieces)
        except self._errors as error:
            raise self._translate(error) from error


def _silence_libraries() -> None:
    # At INFO httpx logs every URL with its query, which may be a signature; at DEBUG httpcore logs heads.
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _head(response: httpx.Response) -> Head:
    headers: dict[str, str] = {}
    for name, value in response.headers.multi_items():
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    if "transfer-encoding" in headers:
        # It overrides the length (RFC 9112 §6.3), which then says nothing.
        headers.pop("content-length", None)
    return Head(status=response.status_code, headers=headers)
