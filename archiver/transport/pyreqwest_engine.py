"""The fast engine: pyreqwest, which is Rust's reqwest, behind httpx's interface.

What it is told not to do: follow redirects, decode bodies, send a Referer, read the environment's proxies,
resolve names. Its `resolve` pins one name to one address for a whole client, so there is a client for
each host and address, built in a few milliseconds; a host's next connection may go to another.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Self, TypeVar

import httpx
from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import ConnectError as RustConnectError
from pyreqwest.exceptions import ConnectTimeoutError as RustConnectTimeoutError
from pyreqwest.exceptions import DetailedPyreqwestError, PyreqwestError
from pyreqwest.http import HeaderMap
from pyreqwest.proxy import ProxyBuilder
from pyreqwest.request import StreamRequest
from pyreqwest.response import ResponseBodyReader

from archiver.domain.decoding import Piece
from archiver.domain.errors import UrlRefusedError, UsageError
from archiver.transport.addressing import AddressGuard
from archiver.transport.engine import KEEP_ALIVE_S, NO_PROXY, Failure, parse_proxy, show_reason
from archiver.transport.options import TransportOptions

T = TypeVar("T")

# Hosts whose connections are kept, as many as a batch may meet in a minute.
_CLIENTS = 64
# reqwest's words in the chain of causes where no connection came about; its types do not tell.
_WHILE_CONNECTING = "client error (Connect)"


class PyreqwestEngine:
    """httpx over pyreqwest. Raises `UsageError` for a proxy that cannot be used."""

    errors: tuple[type[Exception], ...] = (PyreqwestError,)

    def __init__(self, options: TransportOptions, guard: AddressGuard) -> None:
        self.transport: httpx.AsyncBaseTransport = PyreqwestTransport(options, guard)

    def diagnose(self, error: Exception) -> tuple[Failure, str]:
        """Return what pyreqwest's error means."""
        causes = _causes(error)
        is_late = isinstance(error, TimeoutError)
        if _WHILE_CONNECTING in causes:
            kind = Failure.LATE if is_late else Failure.UNREACHABLE
        else:
            kind = Failure.SILENT if is_late else Failure.BROKEN
        return kind, _reason(causes)


class PyreqwestTransport(httpx.AsyncBaseTransport):
    """httpx's interface over a client of pyreqwest's for each address."""

    def __init__(self, options: TransportOptions, guard: AddressGuard) -> None:
        self._options = options
        self._guard = guard
        self._clients: OrderedDict[tuple[str, str], Client] = OrderedDict()
        self._proxied = _builder(options).proxy(_proxy(options.proxy)).build() if options.proxy else None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send, and leave the body to be iterated over. Raises pyreqwest's errors, and the guard's."""
        host = request.url.raw_host.decode("ascii")
        if self._proxied:
            self._guard.check_literal(host)
            return await _send(self._proxied, request)
        *others, last = await self._guard.addresses(host)
        for address in others:
            try:
                return await _send(self._client(host, address), request)
            except (RustConnectError, RustConnectTimeoutError) as error:
                if _WHILE_CONNECTING not in _causes(error):
                    raise
                self._guard.put_last(host, address)
        return await _send(self._client(host, last), request)

    async def aclose(self) -> None:
        """Close all connections."""
        for client in (*self._clients.values(), *filter(None, [self._proxied])):
            await client.close()
        self._clients.clear()

    def _client(self, host: str, address: str) -> Client:
        key = host, address
        if key not in self._clients:
            # Port 0 stands for the URL's own.
            self._clients[key] = _builder(self._options).resolve(host, address, 0).build()
        self._clients.move_to_end(key)
        if len(self._clients) > _CLIENTS:
            # Not closed: that would cut its bodies. It goes when the last of them has been read.
            self._clients.popitem(last=False)
        return self._clients[key]


class _Body(httpx.AsyncByteStream, AsyncIterator[Piece]):
    """Lends Rust's memory: httpx promises copies of it to its own client, which is not in use here."""

    def __init__(self, reader: ResponseBodyReader, sent: AsyncExitStack) -> None:
        self._reader = reader
        self._sent = sent

    def __aiter__(self) -> Self:  # type: ignore[override]  # as said above
        return self

    async def __anext__(self) -> Piece:
        piece = await _heeding_cancellation(self._reader.read_chunk())
        if piece is None:
            raise StopAsyncIteration
        return memoryview(piece)

    async def aclose(self) -> None:
        await self._sent.aclose()


async def _send(client: Client, request: httpx.Request) -> httpx.Response:
    async with AsyncExitStack() as stack:
        answer = await _heeding_cancellation(stack.enter_async_context(_prepare(client, request)))
        body = _Body(answer.body_reader, stack.pop_all())
        return httpx.Response(answer.status, headers=_readable(answer.headers), stream=body)


async def _heeding_cancellation(work: Awaitable[T]) -> T:
    """Await, and raise a cancellation that pyreqwest swallowed.

    Where bytes and a cancellation arrive together, either may come out, and the other is lost: the task
    would go on as if it had never been cancelled, into a silence of a whole stall time-out.
    """
    task = asyncio.current_task()
    before = task.cancelling() if task else 0
    try:
        return await work
    finally:
        if task and task.cancelling() > before:
            raise asyncio.CancelledError


def _prepare(client: Client, request: httpx.Request) -> StreamRequest:
    headers = [(name, value) for name, value in request.headers.multi_items() if name != "host"]
    try:
        # A limit of 0 hands each piece on as it arrives. With the default, 64 KiB are gathered before
        # the head is given out, and what is gathered when the connection breaks is lost.
        builder = client.request(request.method, str(request.url)).headers(headers)
        return builder.streamed_read_buffer_limit(0).build_streamed()
    except ValueError as error:
        msg = f"{request.url.raw_host.decode('ascii')}: not a URL that can be asked for"
        raise UrlRefusedError(msg) from error


def _builder(options: TransportOptions) -> ClientBuilder:
    return (
        ClientBuilder()
        .no_proxy()
        .follow_redirects(enable=False)
        .referer(enable=False)
        .gzip(enable=False)
        .brotli(enable=False)
        .zstd(enable=False)
        .deflate(enable=False)
        .connect_timeout(timedelta(seconds=options.connect_timeout_s))
        .read_timeout(timedelta(seconds=options.stall_timeout_s))
        .pool_idle_timeout(timedelta(seconds=KEEP_ALIVE_S))
        .pool_max_idle_per_host(options.connections)
    )


def _proxy(text: str) -> ProxyBuilder:
    url = parse_proxy(text).url
    # With `socks5` reqwest resolves names here; with `socks5h`, as with every other proxy, the proxy does.
    scheme = "socks5h" if url.scheme == "socks5" else url.scheme
    try:
        return ProxyBuilder.all(f"{scheme}://{text.partition('://')[2]}")
    except ValueError as error:
        raise UsageError(NO_PROXY) from error


def _readable(headers: HeaderMap) -> list[tuple[str, str]]:
    """Return the headers, less those whose bytes are not ASCII: pyreqwest raises for them."""
    try:
        return list(headers.items())
    except ValueError:
        return [(name, value) for name in set(headers) for value in _values(headers, name)]


def _values(headers: HeaderMap, name: str) -> Sequence[str]:
    try:
        return headers.getall(name)
    except ValueError:
        return []


def _causes(error: Exception) -> list[str]:
    """Return what pyreqwest says went wrong, from the outermost cause to the innermost."""
    causes = error.details["causes"] if isinstance(error, DetailedPyreqwestError) else None
    return [cause["message"] for cause in causes or ()]


def _reason(causes: list[str]) -> str:
    # "… (os error 111)" names Linux's number of what the words before it say.
    return show_reason(causes[-1].partition(" (os error")[0].lower() if causes else "")
