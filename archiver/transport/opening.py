"""From options to a transport. The HTTP libraries are imported when something is asked for, not before."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from archiver.domain.addresses import IpAddress
from archiver.domain.errors import UsageError
from archiver.domain.exchange import Answer, Request, Transport
from archiver.transport.addressing import AddressGuard, AddressPolicy
from archiver.transport.options import HttpEngine, TransportOptions
from archiver.transport.redirects import Redirecting
from archiver.transport.throttle import Limited

if TYPE_CHECKING:
    from archiver.transport.client import HttpTransport
    from archiver.transport.engine import Engine


@asynccontextmanager
async def open_transport(
    options: TransportOptions, policy: AddressPolicy | None = None
) -> AsyncIterator[Transport]:
    """Open a transport, and close its connections in the end.

    `policy` is for other names and addresses than the public Internet's. Raises `UsageError` for a proxy or
    an engine that cannot be used; for certificates, the first request may be what raises it.
    """
    guarded = policy or AddressPolicy()
    async with AsyncExitStack() as stack:
        trusted = await _open(stack, options, replace(guarded, permits=_permit_all))
        stranger = trusted if options.allow_private_hosts else await _open(stack, options, guarded)
        by_trust = _ByTrust(trusted=trusted, stranger=stranger)
        yield Limited(Redirecting(by_trust, options.redirects), options.connections)


def _permit_all(_address: IpAddress) -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class _ByTrust:
    """Two transports that share no connection: one made in trust must not serve a stranger's URL."""

    trusted: Transport
    stranger: Transport

    def open(self, request: Request) -> AbstractAsyncContextManager[Answer]:
        return (self.trusted if request.is_trusted else self.stranger).open(request)


async def _open(stack: AsyncExitStack, options: TransportOptions, policy: AddressPolicy) -> Transport:
    transport = _OnDemand(options, policy)
    stack.push_async_callback(transport.close)
    if options.proxy or options.engine is not HttpEngine.AUTO:
        # What the user chose may not be there to be had: that is told before any work.
        transport.make()
    return transport


class _OnDemand:
    """A transport that is made for its first request: most nights there is none, and imports take 0.2 s."""

    def __init__(self, options: TransportOptions, policy: AddressPolicy) -> None:
        self._options = options
        self._policy = policy
        self._made: HttpTransport | None = None

    def open(self, request: Request) -> AbstractAsyncContextManager[Answer]:
        """Open through what is made. Raises `UsageError` where certificates cannot be used."""
        return (self._made or self.make()).open(request)

    def make(self) -> HttpTransport:
        """Make it. Raises `UsageError` for a proxy, an engine or certificates that cannot be used."""
        from archiver.transport.client import HttpTransport  # noqa: PLC0415 - imports httpx

        self._made = HttpTransport(self._options, _make_engine(self._options, AddressGuard(self._policy)))
        return self._made

    async def close(self) -> None:
        """Close all connections, if there are any."""
        if self._made:
            await self._made.close()


def _make_engine(options: TransportOptions, guard: AddressGuard) -> Engine:
    if options.engine is not HttpEngine.HTTPX:
        try:
            from archiver.transport.pyreqwest_engine import PyreqwestEngine  # noqa: PLC0415 - may be missing
        except ImportError as error:
            if options.engine is HttpEngine.PYREQWEST:
                msg = (
                    "--http-engine pyreqwest: it cannot be imported; `--http-engine httpx` needs nothing else"
                )
                raise UsageError(msg) from error
        else:
            return PyreqwestEngine(options, guard)
    from archiver.transport.httpcore_engine import HttpcoreEngine  # noqa: PLC0415 - imports httpcore

    return HttpcoreEngine(options, guard)
