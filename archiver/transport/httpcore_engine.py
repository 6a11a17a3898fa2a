"""The engine that is Python throughout: httpcore, which httpx's own transport is made of, with our guard.

httpx's transport takes no network backend, so this is a transport of our own over httpcore's public
interface (https://www.encode.io/httpcore/network-backends/).
"""

from __future__ import annotations

import os
import ssl
from collections.abc import AsyncIterable, AsyncIterator

import httpcore
import httpx
import socksio

from archiver.domain.errors import UsageError
from archiver.transport.addressing import AddressGuard
from archiver.transport.engine import KEEP_ALIVE_S, Failure, parse_proxy, show_reason
from archiver.transport.httpcore_network import GuardedNetwork, ProxyNetwork, closing_what_fails
from archiver.transport.options import TransportOptions


class HttpcoreEngine:
    """httpx over httpcore. Raises `UsageError` for a proxy or certificates that cannot be used."""

    errors: tuple[type[Exception], ...] = (
        httpcore.TimeoutException,
        httpcore.NetworkError,
        httpcore.ProtocolError,
        httpcore.ProxyError,
        # httpcore lets two through: TLS that breaks after its handshake, and a proxy that speaks no SOCKS.
        ssl.SSLError,
        socksio.ProtocolError,
    )

    def __init__(self, options: TransportOptions, guard: AddressGuard) -> None:
        self.transport: httpx.AsyncBaseTransport = HttpcoreTransport(options, guard)

    def diagnose(self, error: Exception) -> tuple[Failure, str]:
        """Return what httpcore's error means."""
        match error:
            case httpcore.ConnectTimeout():
                kind = Failure.LATE
            case httpcore.ConnectError() | httpcore.ProxyError() | socksio.ProtocolError():
                kind = Failure.UNREACHABLE
            case httpcore.TimeoutException():
                kind = Failure.SILENT
            case _:
                kind = Failure.BROKEN
        return kind, _reason(error)


class HttpcoreTransport(httpx.AsyncBaseTransport):
    """httpx's interface over a pool of httpcore's."""

    def __init__(self, options: TransportOptions, guard: AddressGuard) -> None:
        self._guard = guard
        self._has_proxy = options.proxy is not None
        self._pool = _open_pool(options, guard)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send, and leave the body to be iterated over. Raises httpcore's errors."""
        if self._has_proxy:
            self._guard.check_literal(request.url.raw_host.decode("ascii"))
        async with closing_what_fails():
            answer = await self._pool.handle_async_request(_to_httpcore(request))
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer))

    async def aclose(self) -> None:
        """Close all connections."""
        await self._pool.aclose()


class _Body(httpx.AsyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __aiter__(self) -> AsyncIterator[bytes]:
        if not isinstance(self._answer.stream, AsyncIterable):
            msg = "httpcore gave a body for synchronous code"
            raise TypeError(msg)
        return aiter(self._answer.stream)

    async def aclose(self) -> None:
        await self._answer.aclose()


def _open_pool(options: TransportOptions, guard: AddressGuard) -> httpcore.AsyncConnectionPool:
    certificates, connections = _certificates(), options.connections
    if options.proxy is None:
        return httpcore.AsyncConnectionPool(
            ssl_context=certificates,
            max_connections=connections,
            keepalive_expiry=KEEP_ALIVE_S,
            network_backend=GuardedNetwork(guard),
        )
    proxy = parse_proxy(options.proxy)
    is_socks = proxy.url.scheme.startswith("socks")
    kind = httpcore.AsyncSOCKSProxy if is_socks else httpcore.AsyncHTTPProxy
    return kind(
        httpcore.URL(str(proxy.url)),
        proxy_auth=proxy.raw_auth,
        ssl_context=certificates,
        max_connections=connections,
        keepalive_expiry=KEEP_ALIVE_S,
        network_backend=ProxyNetwork(),
    )


def _certificates() -> ssl.SSLContext:
    try:
        return httpx.create_ssl_context()
    except OSError as error:
        msg = f"SSL_CERT_FILE or SSL_CERT_DIR cannot be used: {error.strerror}"
        raise UsageError(msg) from error


def _to_httpcore(request: httpx.Request) -> httpcore.Request:
    url = httpcore.URL(
        scheme=request.url.raw_scheme,
        host=request.url.raw_host,
        port=request.url.port,
        target=request.url.raw_path,
    )
    return httpcore.Request(
        request.method,
        url,
        headers=request.headers.raw,
        content=request.stream,
        extensions=request.extensions,
    )


def _reason(error: BaseException) -> str:
    """Return the system's word for what went wrong where there is one, else httpcore's."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno and not isinstance(cause, ssl.SSLError):
            return os.strerror(cause.errno).lower()
        cause = cause.__cause__ or cause.__context__
    return show_reason(str(error))
