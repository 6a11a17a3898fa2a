"""One question to the API, to learn whether it answers, takes the key, and what time it is there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from archiver.assembly.network import open_network
from archiver.assembly.options import NetworkOptions
from archiver.domain.errors import ArchiverError, NotFoundError, UsageError
from archiver.domain.events import Event
from archiver.domain.exchange import Answer, Request, Transport
from archiver.domain.identity import parse_id
from archiver.domain.timing import RetryPolicy, parse_http_date
from archiver.domain.transfer import Head
from archiver.provider.relay import Relay, RelayOptions
from archiver.runtime.clock import Clock
from archiver.runtime.retrying import Retrier

# No generation has this id: a good answer says so.
_PROBE = parse_id("luma-archiver-doctor")


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiState:
    """What the question brought: `trouble` is None where the API answered as it should.

    `clock_ahead_s` is by how much this machine's clock is ahead of the API's; None where that is unknown.
    """

    trouble: ArchiverError | None
    clock_ahead_s: float | None


async def ask_api(options: NetworkOptions, clock: Clock) -> ApiState:
    """Ask once, without trying again. Raises `UsageError` for an engine or a proxy that cannot be had."""
    once = RetryPolicy(retries=0)
    async with open_network(replace(options, retry=once), _ignore, clock) as network:
        noting = _Noting(network.api, clock)
        relay = Relay(
            RelayOptions(api_base=options.api_base, api_key=options.api_key),
            transport=noting,
            retrier=Retrier(policy=once, clock=clock),
            observer=_ignore,
        )
        trouble = await _trouble(relay)
    return ApiState(trouble=trouble, clock_ahead_s=noting.clock_ahead_s)


async def _trouble(relay: Relay) -> ArchiverError | None:
    try:
        await relay.resolve(_PROBE)
    except NotFoundError:
        return None
    except UsageError:
        # Certificates that cannot be used are known with the first request alone, and no fault of the API's.
        raise
    except ArchiverError as error:
        error.message = error.message.removeprefix(f"{_PROBE}: ")
        return error
    return None


def _ignore(_event: Event) -> None:
    """Take no note."""


class _Noting:
    """A transport that notes how this machine's clock differs from that of whoever answers."""

    def __init__(self, transport: Transport, clock: Clock) -> None:
        self._transport = transport
        self._clock = clock
        self.clock_ahead_s: float | None = None

    @asynccontextmanager
    async def open(self, request: Request) -> AsyncIterator[Answer]:
        """Pass the request on."""
        asked = self._clock.now()
        async with self._transport.open(request) as answer:
            self.clock_ahead_s = _ahead_s(answer.head, asked, self._clock.now())
            yield answer


def _ahead_s(head: Head, asked: datetime, answered: datetime) -> float | None:
    """Return the difference, halfway between question and answer; dates count whole seconds."""
    date = parse_http_date(head.headers.get("date"))
    return None if date is None else (asked + (answered - asked) / 2 - date).total_seconds()
