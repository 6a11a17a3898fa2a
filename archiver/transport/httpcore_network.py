"""Where httpcore's connections go: to the guard's addresses, or to the proxy that the user named."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from contextvars import ContextVar

import httpcore

from archiver.transport.addressing import AddressGuard

_connected: ContextVar[list[httpcore.AsyncNetworkStream]] = ContextVar("connected")


class GuardedNetwork(httpcore.AsyncNetworkBackend):
    """Connects to the guard's addresses of a host, in turn, and to no other."""

    def __init__(self, guard: AddressGuard) -> None:
        self._guard = guard
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's interface
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect. Raises the last address's error."""
        *others, last = await self._guard.addresses(host)
        for address in others:
            try:
                return await self._network.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                self._guard.put_last(host, address)
        return await self._network.connect_tcp(last, port, timeout, local_address, socket_options)


class ProxyNetwork(httpcore.AsyncNetworkBackend):
    """Connects to the proxy, whose address is the user's choice."""

    def __init__(self) -> None:
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's interface
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect."""
        stream = await self._network.connect_tcp(host, port, timeout, local_address, socket_options)
        _connected.get().append(stream)
        return stream


@asynccontextmanager
async def closing_what_fails() -> AsyncIterator[None]:
    """Close the connections to a proxy that were begun within, where it ends in an error.

    httpcore 1.0 leaves a failed SOCKS handshake's socket to the garbage collector.
    """
    begun: list[httpcore.AsyncNetworkStream] = []
    token = _connected.set(begun)
    try:
        yield
    except BaseException:
        for stream in begun:
            await stream.aclose()
        raise
    finally:
        _connected.reset(token)
