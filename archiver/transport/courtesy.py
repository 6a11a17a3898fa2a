"""Treats each host as its answers ask: `domain.courtesy` decides, this waits."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime

from archiver.domain.courtesy import Go, HostRecord, LeaveAlone, Wait, asked_pause_s, is_refusal
from archiver.domain.errors import ConnectError, RetryLaterError, StalledError
from archiver.domain.exchange import Answer, Request, Transport
from archiver.domain.timing import RetryPolicy, show_duration

Notice = Callable[[str], None]


class _Host:
    """One host's record, and the turn of those that ask alone; tells `notice` when it changes."""

    def __init__(self, name: str, notice: Notice) -> None:
        self.name = name
        self.record = HostRecord()
        self.turn = asyncio.Lock()
        self._notice = notice

    def note(self, record: HostRecord) -> None:
        """Take a new record."""
        before, self.record = self.record, record
        now_s = time.monotonic()
        if record.is_slow and not before.is_slow:
            self._notice(f"{self.name} refuses everybody: asking it one at a time, with growing pauses")
        elif before.is_slow and not record.is_slow:
            self._notice(f"{self.name} answers again: back to full speed")
        elif record.paused_until_s > before.paused_until_s and not record.is_slow:
            pause = show_duration(record.paused_until_s - now_s)
            self._notice(f"{self.name} asks for a pause of {pause}: obeyed")


class Courteous:
    """Pauses, slows down and leaves alone hosts, each as a whole; tells `notice` in words when it does.

    A request that waits here holds no connection and no place among those that may be open at once.
    """

    def __init__(self, transport: Transport, policy: RetryPolicy, notice: Notice) -> None:
        self._transport = transport
        self._policy = policy
        self._notice = notice
        self._hosts: dict[str, _Host] = {}

    @asynccontextmanager
    async def open(self, request: Request) -> AsyncIterator[Answer]:
        """Open through the transport beneath when the host may be asked.

        Raises what that raises, and `RetryLaterError` for a host that is left alone.
        """
        name = request.url.parts.netloc
        host = self._hosts.get(name) or self._hosts.setdefault(name, _Host(name, self._notice))
        async with AsyncExitStack() as stack:
            await self._take_turn(host, stack)
            answer = await self._ask(request, host, stack)
            yield answer

    async def _take_turn(self, host: _Host, stack: AsyncExitStack) -> None:
        """Wait until a request may begin; one that goes alone has the turn then. Raises `RetryLaterError`."""
        has_turn = False
        while True:
            match host.record.verdict(time.monotonic(), self._policy):
                case LeaveAlone(reason):
                    msg = f"{host.name} is left alone in this run: {reason}"
                    raise RetryLaterError(msg)
                case Wait(seconds):
                    await asyncio.sleep(seconds)
                case Go(alone):
                    if alone == has_turn:
                        return
                    # What was decided before the wait for the turn is decided again after it.
                    await (stack.enter_async_context(host.turn) if alone else stack.aclose())
                    has_turn = alone

    async def _ask(self, request: Request, host: _Host, stack: AsyncExitStack) -> Answer:
        """Send, and note how the host took it. A turn that was taken ends with the head."""
        turn = stack.pop_all()
        began_s = time.monotonic()
        async with turn:
            try:
                answer = await stack.enter_async_context(self._transport.open(request))
            except (ConnectError, StalledError):
                host.note(host.record.refused(began_s, time.monotonic(), self._policy))
                raise
            host.note(self._after(answer, host.record, began_s))
        return answer

    def _after(self, answer: Answer, record: HostRecord, began_s: float) -> HostRecord:
        now_s = time.monotonic()
        is_refused = is_refusal(answer.head.status)
        record = record.refused(began_s, now_s, self._policy) if is_refused else record.answered()
        pause_s = asked_pause_s(answer.head, datetime.now(UTC))
        if pause_s is None:
            return record
        # A limit that is used up is everybody's; `Retry-After` may be about one request.
        is_its_own = is_refused and "retry-after" in answer.head.headers
        return record.asked_to_wait(pause_s, now_s, self._policy, is_refusal=is_its_own)
