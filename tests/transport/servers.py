"""Small servers that do exactly what a test scripts, byte for byte, and remember what they were sent."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field

from archiver.domain.identity import MediaUrl


@dataclass(frozen=True, slots=True)
class Call:
    """A request as it arrived, and the way to answer it."""

    line: str
    headers: dict[str, str]
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @property
    def target(self) -> str:
        """What was asked for, as it stood in the request line."""
        return self.line.split(" ")[1]

    async def send(self, data: bytes) -> None:
        """Send bytes, whatever they are."""
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, body: bytes = b"", *, status: int = 200, headers: str = "") -> None:
        """Send a whole, regular answer; `headers` is lines that end in CRLF."""
        head = f"HTTP/1.1 {status} Scripted\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
        await self.send(head.encode("latin-1") + body)

    async def until_gone(self) -> None:
        """Say nothing more until the client has closed the connection."""
        with suppress(ConnectionError):
            await self.reader.read()

    def close(self) -> None:
        """Close the connection in good order."""
        self.writer.close()

    def reset(self) -> None:
        """Cut the connection with a RST (SO_LINGER of 0, socket(7))."""
        raw = self.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Script = Callable[[Call], Awaitable[None]]
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass(slots=True)
class Server:
    """A listening server, and what it saw so far."""

    address: str
    port: int
    calls: list[Call] = field(default_factory=list)
    connections: int = 0
    open_now: int = 0
    most_open: int = 0
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a connection has ended."""

    def url(self, target: str = "/clip.mp4", *, host: str = "", scheme: str = "http") -> MediaUrl:
        """Return a URL of this server."""
        return MediaUrl.parse(f"{scheme}://{host or self.address}:{self.port}{target}")

    @contextmanager
    def connected(self) -> Iterator[None]:
        """Count a connection for as long as it lasts."""
        self.connections += 1
        self.open_now += 1
        self.most_open = max(self.most_open, self.open_now)
        try:
            yield
        finally:
            self.open_now -= 1
            self.closed.set()


@asynccontextmanager
async def serve(
    script: Script, *, address: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Server]:
    """Answer each request on each connection by the script, until the script closes it."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with server.connected():
            while not writer.is_closing():
                call = _parse(await reader.readuntil(b"\r\n\r\n"), reader, writer)
                server.calls.append(call)
                await script(call)
            await _close(writer)

    async with listen(talk, address=address, port=port, tls=tls) as found:
        server = Server(address, found)
        yield server


@asynccontextmanager
async def listen(
    talk: Talk, *, address: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """Let `talk` serve each connection, which is closed when it returns; give the port."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError):
                await talk(reader, writer)
        except asyncio.CancelledError:
            writer.transport.abort()
            raise
        finally:
            await _close(writer)

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(serve_one(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    listener = await asyncio.start_server(accept, address, port, ssl=tls)
    try:
        yield listener.sockets[0].getsockname()[1]
    finally:
        listener.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


def _parse(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Call:
    line, *fields = head.decode("latin-1").strip().split("\r\n")
    pairs = (text.partition(":") for text in fields)
    return Call(line, {name.lower(): value.strip() for name, _, value in pairs}, reader, writer)
