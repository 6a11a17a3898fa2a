"""A far-away line: a proxy on loopback that delays bytes and throttles connections, in a process of its own.

    python -m tests.benchmarks.proxy PORT UPSTREAM_PORT ROUND_TRIP_S BYTES_A_SECOND

What a client sends arrives half a round trip later; of a new connection a whole round trip later still, for
that is what its handshake would have taken. What the server sends goes through a line, one for each
connection, that passes so many bytes a second, and half a round trip of delay. TCP's slow start is not
imitated.
"""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import uvloop

from tests.benchmarks.watching import processor_s

_ROOT = Path(__file__).parents[2]
_PATIENCE_S = 20.0
# Sixteen milliseconds of a line of 2 MB/s; smaller pieces would cost more timers than the proxy has time for.
_PIECE_BYTES = 32_768
# What may be on its way to a client. Beyond it the server waits, as it would for an acknowledgement.
_UNDERWAY_BYTES = 262_144


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """How far away the other end is, and what a connection passes, in bytes a second."""

    round_trip_s: float
    rate: float


class _Delivery:
    """Bytes on their way in one direction: each piece has its time; the receiver may hold them up."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.underway = 0
        self._loop = loop
        self._pieces: deque[tuple[float, memoryview]] = deque()
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._is_held, self._is_ending = False, False

    def attach(self, transport: asyncio.Transport) -> None:
        """Deliver to this transport from now on."""
        self._transport = transport
        self._arrange()

    def add(self, at_s: float, piece: memoryview) -> None:
        """Deliver a piece at a time of the loop, no earlier than those that were added before."""
        self._pieces.append((at_s, piece))
        self.underway += len(piece)
        self._arrange()

    def end(self) -> None:
        """Close the transport once all is delivered."""
        self._is_ending = True
        self._arrange()

    def hold(self, *, is_held: bool) -> None:
        """Stop delivering, or go on."""
        self._is_held = is_held
        self._arrange()

    def _arrange(self) -> None:
        if self._timer or self._is_held or not self._transport:
            return
        if self._pieces:
            self._timer = self._loop.call_at(self._pieces[0][0], self._deliver)
        elif self._is_ending:
            self._transport.close()

    def _deliver(self) -> None:
        self._timer = None
        assert self._transport
        now_s = self._loop.time()
        while self._pieces and self._pieces[0][0] <= now_s and not self._is_held:
            _, piece = self._pieces.popleft()
            self.underway -= len(piece)
            self._transport.write(piece)
        self.delivered()
        self._arrange()

    def delivered(self) -> None:
        """Hear that something was delivered."""


class _Down(_Delivery):
    """From the server: the server waits while much is underway."""

    upstream: asyncio.Transport | None = None

    def delivered(self) -> None:
        """Let the server go on."""
        if self.upstream and self.underway < _UNDERWAY_BYTES // 2:
            self.upstream.resume_reading()


class _Client(asyncio.Protocol):
    """One connection of a client, and the one to the server that belongs to it."""

    def __init__(self, line: Line, upstream_port: int) -> None:
        self._line = line
        self._port = upstream_port
        self._loop = asyncio.get_running_loop()
        self.up, self.down = _Delivery(self._loop), _Down(self._loop)
        self._open_from_s = 0.0
        self._connecting: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin a connection to the server, too."""
        self.down.attach(_writable(transport))
        self._open_from_s = self._loop.time() + self._line.round_trip_s
        self._connecting = asyncio.create_task(self._connect())

    def data_received(self, data: bytes) -> None:
        """Pass on what the client asks."""
        sent_s = max(self._loop.time(), self._open_from_s)
        self.up.add(sent_s + self._line.round_trip_s / 2, memoryview(data))

    def pause_writing(self) -> None:
        """Wait for a client that does not read."""
        self.down.hold(is_held=True)

    def resume_writing(self) -> None:
        """Go on with one that does."""
        self.down.hold(is_held=False)

    def connection_lost(self, _error: Exception | None) -> None:
        """End the connection to the server."""
        self.up.end()

    async def _connect(self) -> None:
        await self._loop.create_connection(lambda: _Server(self, self._line), "127.0.0.1", self._port)


class _Server(asyncio.Protocol):
    """The connection to the server."""

    def __init__(self, client: _Client, line: Line) -> None:
        self._client = client
        self._line = line
        self._loop = asyncio.get_running_loop()
        self._free_from_s = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let the client's requests come."""
        self._transport = self._client.down.upstream = _writable(transport)
        self._client.up.attach(self._transport)

    def data_received(self, data: bytes) -> None:
        """Put an answer on the line, piece by piece."""
        whole = memoryview(data)
        for start in range(0, len(data), _PIECE_BYTES):
            piece = whole[start : start + _PIECE_BYTES]
            self._free_from_s = max(self._free_from_s, self._loop.time()) + len(piece) / self._line.rate
            self._client.down.add(self._free_from_s + self._line.round_trip_s / 2, piece)
        if self._transport and self._client.down.underway >= _UNDERWAY_BYTES:
            self._transport.pause_reading()

    def connection_lost(self, _error: Exception | None) -> None:
        """End the client's connection when it has everything."""
        self._client.down.upstream = None
        self._client.down.end()


def _writable(transport: asyncio.BaseTransport) -> asyncio.Transport:
    # uvloop's own classes derive from none of asyncio's.
    return cast("asyncio.Transport", transport)


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy that runs: where, and in which process."""

    port: int
    pid: int

    @property
    def cpu_s(self) -> float:
        """What it has taken of a processor so far."""
        return processor_s(self.pid)


@contextmanager
def far_away(port: int, upstream_port: int, line: Line) -> Iterator[Proxy]:
    """Run a proxy before the server on `upstream_port`. Raises `RuntimeError` where it does not start."""
    numbers = (port, upstream_port, line.round_trip_s, line.rate)
    command = [sys.executable, "-m", "tests.benchmarks.proxy", *map(str, numbers)]
    process = subprocess.Popen(command, cwd=_ROOT)  # noqa: S603 - this module
    try:
        _wait_until_listening(port, process)
        yield Proxy(port, process.pid)
    finally:
        process.terminate()
        process.wait()


def _wait_until_listening(port: int, process: subprocess.Popen[bytes]) -> None:
    until_s = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until_s and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.05)
        else:
            return
    msg = "the proxy does not start"
    raise RuntimeError(msg)


async def _serve(port: int, upstream_port: int, line: Line) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Client(line, upstream_port), "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(
        _serve(
            int(sys.argv[1]),
            int(sys.argv[2]),
            Line(round_trip_s=float(sys.argv[3]), rate=float(sys.argv[4])),
        )
    )
