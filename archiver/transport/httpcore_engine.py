"""The engine that is Python throughout: httpcore, which httpx's own transport is made of, with our guard.

httpx's transport takes no network backend, so this stands on httpcore's public interface
(https://www.encode.io/httpcore/network-backends/).
"""

from __future__ import annotations

import os
import ssl
from collections.abc import AsyncIterable, AsyncIterator, Mapping

import httpcore
import httpx
import socksio

from archiver.domain.errors import UsageError
from archiver.domain.identity import MediaUrl
from archiver.transport.addressing import AddressGuard
from archiver.transport.engine import KEEP_ALIVE_S, Failure, Reply, parse_proxy, refused_url, show_reason
from archiver.transport.httpcore_network import GuardedNetwork, ProxyNetwork, closing_what_fails
from archiver.transport.options import TransportOptions


class HttpcoreEngine:
    """A pool of httpcore's. Raises `UsageError` for a proxy or certificates that cannot be used."""

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
        self._guard = guard
        self._has_proxy = options.proxy is not None
        self._timeouts = {
            "connect": options.connect_timeout_s,
            "read": options.stall_timeout_s,
            "write": options.stall_timeout_s,
        }
        self._pool = _open_pool(options, guard)

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

    async def send(self, url: MediaUrl, headers: Mapping[str, str]) -> Reply:
        """Send, and leave the body to be iterated over.

        Raises httpcore's errors, the guard's, and `UrlRefusedError`.
        """
        if self._has_proxy:
            self._guard.check_literal(url.host)
        async with closing_what_fails():
            answer = await self._pool.handle_async_request(self._request(url, headers))
        received = httpx.Headers(answer.headers).multi_items()
        return Reply(status=answer.status, headers=received, body=_pieces(answer), close=answer.aclose)

    async def close(self) -> None:
        """Close all connections."""
        await self._pool.aclose()

    def _request(self, url: MediaUrl, headers: Mapping[str, str]) -> httpcore.Request:
        try:
            # It writes as a URL should be what browsers take as well, such as a bar or a brace in a path.
            plain = httpx.URL(url.full)
        except (httpx.InvalidURL, UnicodeError) as error:
            raise refused_url(url) from error
        target = httpcore.URL(
            scheme=plain.raw_scheme, host=plain.raw_host, port=plain.port, target=plain.raw_path
        )
        named = [(name.encode(), value.encode()) for name, value in headers.items()]
        return httpcore.Request(
            "GET", target, headers=[(b"host", plain.netloc), *named], extensions={"timeout": self._timeouts}
        )


def _pieces(answer: httpcore.Response) -> AsyncIterator[bytes]:
    if not isinstance(answer.stream, AsyncIterable):
        msg = "httpcore gave a body for synchronous code"
        raise TypeError(msg)
    return aiter(answer.stream)


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


def _reason(error: BaseException) -> str:
    """Return the system's word for what went wrong where there is one, else httpcore's."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno and not isinstance(cause, ssl.SSLError):
            return os.strerror(cause.errno).lower()
        cause = cause.__cause__ or cause.__context__
    return show_reason(str(error))
