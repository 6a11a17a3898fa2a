"""Shorthand for what nearly every test of a transport does."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import replace

from archiver.domain.exchange import Request, Transport
from archiver.domain.identity import MediaUrl
from archiver.domain.transfer import Head
from archiver.transport.addressing import AddressPolicy
from archiver.transport.opening import open_transport
from archiver.transport.options import HttpEngine, TransportOptions

# Short, so that a test of silence takes no longer; long enough for a busy machine.
LOCAL = TransportOptions(allow_private_hosts=True, stall_timeout_s=0.4, connect_timeout_s=2.0)


def carry(
    engine: HttpEngine, options: TransportOptions = LOCAL, policy: AddressPolicy | None = None
) -> AbstractAsyncContextManager[Transport]:
    """Open a transport over one engine."""
    return open_transport(replace(options, engine=engine), policy)


async def fetch(transport: Transport, request: Request | MediaUrl) -> tuple[Head, bytes]:
    """Return the head and the whole body."""
    asked = request if isinstance(request, Request) else Request(url=request)
    async with transport.open(asked) as answer:
        return answer.head, b"".join([piece async for piece in answer.body])
