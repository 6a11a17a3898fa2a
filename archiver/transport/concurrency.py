"""Holds assets in flight to limits that find themselves.

`domain.concurrency` decides about all together, `domain.pushback` about each host.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from dataclasses import replace

from archiver.domain.concurrency import Bounds, Search
from archiver.domain.courtesy import is_refusal
from archiver.domain.decoding import Piece
from archiver.domain.errors import BrokenError, ConnectError, StalledError
from archiver.domain.events import ConcurrencyChanged, Observer
from archiver.domain.exchange import Answer, Request, Transport
from archiver.domain.pushback import Crowd, HostLimit
from archiver.runtime.clock import Clock
from archiver.runtime.places import Places
from archiver.transport.meter import Meter

# Those that wait for a host with a limit of its own must not keep others from theirs; each is some
# kilobytes, and a URL that may run out meanwhile.
_HELD_BACK = 64


class Adapting:
    """A transport with so many requests open at once as the line and each host want.

    `generations` are the places of those who ask: as many as keep the line full.
    """

    def __init__(self, transport: Transport, bounds: Bounds, *, clock: Clock, observer: Observer) -> None:
        self._transport = transport
        self._bounds = bounds
        self._clock = clock
        self._observer = observer
        self._search = Search.begin(bounds)
        self._hosts: dict[str, HostLimit] = {}
        self._places = Places(bounds.start)
        self._waiting: Counter[str] = Counter()
        self._served: Counter[str] = Counter()
        self._meter = Meter(clock.monotonic_s())
        self.generations = Places(bounds.start + bounds.ahead)

    @asynccontextmanager
    async def open(self, request: Request) -> AsyncIterator[Answer]:
        """Open through the transport beneath when there is a place. Raises what that raises."""
        host = request.url.parts.netloc
        await self._take(host)
        began_s = self._clock.monotonic_s()
        self._meter.opened(began_s)
        body: _Counted | None = None
        try:
            async with self._transport.open(request) as answer:
                is_served = self._hear(host, answer, began_s)
                body = _Counted(answer.body, self._receive)
                with _counted(self._served, host) if is_served else nullcontext():
                    yield replace(answer, body=body)
        except ConnectError:
            self._learn(host, self._known(host).refused(began_s, *self._moment(host)))
            raise
        except (BrokenError, StalledError):
            # Whoever reads may give up a body as well, for what is in it: that tells nothing of the host.
            if body and not body.is_broken:
                raise
            self._learn(host, self._known(host).broke(began_s, *self._moment(host)))
            raise
        finally:
            self._meter.closed(self._clock.monotonic_s())
            self._places.give_back(host)

    async def _take(self, host: str) -> None:
        with _counted(self._waiting, host):
            self._fit_generations()
            await self._places.take(host)
        self._fit_generations()

    def _hear(self, host: str, answer: Answer, began_s: float) -> bool:
        """Learn from a head; tell whether it is no refusal."""
        now_s, crowd = self._moment(host)
        self._meter.head_took(now_s - began_s)
        known = self._known(host)
        if is_refusal(answer.head.status):
            self._learn(host, known.refused(began_s, now_s, crowd))
            return False
        if host in self._waiting:
            self._learn(host, known.bore(now_s, self._bounds.most))
        return True

    def _receive(self, size: int) -> None:
        window = self._meter.received(size, self._clock.monotonic_s())
        if window is None:
            return
        before, self._search = self._search.limit, self._search.after(window)
        if self._search.limit != before:
            self._places.resize(self._search.limit)
            self._fit_generations()
            self._observer(ConcurrencyChanged(self._search.limit, None))

    def _known(self, host: str) -> HostLimit:
        return self._hosts.get(host, HostLimit())

    def _moment(self, host: str) -> tuple[float, Crowd]:
        crowd = Crowd(in_flight=self._places.taken(host), served=self._served[host])
        return self._clock.monotonic_s(), crowd

    def _learn(self, host: str, known: HostLimit) -> None:
        before, self._hosts[host] = self._known(host), known
        if known.limit != before.limit:
            self._places.restrict(host, known.limit)
            self._fit_generations()
            self._observer(ConcurrencyChanged(known.limit or self._search.limit, host))

    def _fit_generations(self) -> None:
        held_back = sum(count for host, count in self._waiting.items() if self._known(host).limit)
        self.generations.resize(self._search.limit + self._bounds.ahead + min(held_back, _HELD_BACK))


class _Counted(AsyncIterator[Piece]):
    """A body whose pieces are counted as they pass."""

    def __init__(self, body: AsyncIterator[Piece], count: Callable[[int], None]) -> None:
        self._body = body
        self._count = count
        self.is_broken = False

    async def __anext__(self) -> Piece:
        try:
            piece = await anext(self._body)
        except (BrokenError, StalledError):
            self.is_broken = True
            raise
        self._count(len(piece))
        return piece


@contextmanager
def _counted(counter: Counter[str], name: str) -> Iterator[None]:
    """Count one more of a name while inside; a name of which there is none is forgotten."""
    counter[name] += 1
    try:
        yield
    finally:
        counter[name] -= 1
        if not counter[name]:
            del counter[name]
