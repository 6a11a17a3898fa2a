"""The two ways out: one to the API, one to media hosts, each with its own limits."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from math import inf

from archiver.assembly.options import NetworkOptions
from archiver.domain.concurrency import MOST, START, Bounds
from archiver.domain.events import Noticed, Observer
from archiver.domain.exchange import Transport
from archiver.runtime.clock import Clock
from archiver.runtime.descriptors import allow_open_files
from archiver.runtime.places import Places
from archiver.transport.concurrency import Adapting
from archiver.transport.courtesy import Courteous
from archiver.transport.opening import open_transport
from archiver.transport.options import TransportOptions
from archiver.transport.throttle import Paced, Throttled

# Measured: some 45 with one download, the index and the pipes to the workers that look into files included.
_FILES_OF_A_RUN = 60
# Its bytes, their folder, a connection, and a moment of another.
_FILES_OF_A_DOWNLOAD = 4
# The API answers in a fraction of a second what takes seconds to fetch: a few questions at once keep up.
_QUESTIONS_AT_ONCE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """The open ways; `generations` are the places of those that may ask for media."""

    api: Transport
    media: Transport
    generations: Places


@asynccontextmanager
async def open_network(
    options: NetworkOptions, observer: Observer, clock: Clock, *, is_rationed: bool = False
) -> AsyncIterator[Network]:
    """Open both ways; where work is rationed, no generation is begun before its files can be fetched.

    Raises `UsageError` for an engine or a proxy that cannot be had.
    """

    def courteous(transport: Transport) -> Transport:
        return Courteous(transport, options.retry, lambda words: observer(Noticed(words)))

    bounds = _fit_to_open_files(_bounds(options), observer)
    if is_rationed:
        # What is begun is finished, whatever the budget says by then.
        bounds = replace(bounds, ahead=0)
    async with (
        open_transport(_to_api(options, bounds)) as api,
        open_transport(_to_media(options, bounds)) as media,
    ):
        throttled = Throttled(media, options.limit_rate) if options.limit_rate else media
        adapting = Adapting(throttled, bounds, clock=clock, observer=observer)
        yield Network(
            api=courteous(Paced(api, options.api_rate) if options.api_rate else api),
            media=courteous(adapting),
            generations=adapting.generations,
        )


def _bounds(options: NetworkOptions) -> Bounds:
    given = options.concurrency
    return Bounds(start=given or START, most=given or MOST, enough=options.limit_rate or inf)


def _fit_to_open_files(bounds: Bounds, observer: Observer) -> Bounds:
    """Return bounds of no more downloads at once than this process may have files open."""
    wanted = _FILES_OF_A_RUN + _FILES_OF_A_DOWNLOAD * bounds.most
    limit = allow_open_files(wanted)
    if limit >= wanted:
        return bounds
    fitting = max(1, (limit - _FILES_OF_A_RUN) // _FILES_OF_A_DOWNLOAD)
    if fitting < bounds.start:
        words = f"only {limit} files may be open at once, so {fitting} of {bounds.start} downloads are"
        observer(Noticed(f"{words}: raise the limit (ulimit -n) for more"))
    return replace(bounds, start=min(bounds.start, fitting), most=fitting)


def _to_media(options: NetworkOptions, bounds: Bounds) -> TransportOptions:
    return TransportOptions(
        engine=options.http_engine,
        proxy=options.proxy,
        allow_private_hosts=options.allow_private_hosts,
        connections=bounds.most,
        stall_timeout_s=options.stall_timeout_s,
    )


def _to_api(options: NetworkOptions, bounds: Bounds) -> TransportOptions:
    return TransportOptions(
        engine=options.http_engine,
        proxy=options.proxy,
        allow_private_hosts=options.allow_private_hosts,
        connections=min(_QUESTIONS_AT_ONCE, bounds.most),
        stall_timeout_s=options.api_timeout_s,
    )
