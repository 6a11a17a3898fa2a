"""A wire between client and server that counts what comes from the server, and can hold it back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_PIECE_BYTES = 65_536


class Meter:
    """Passes bytes on. After `limit` bytes from the server nothing more passes until the limit is lifted."""

    def __init__(self, port: int) -> None:
        self.port = 0
        self.limit: int | None = None
        self.passed = 0
        self._upstream = port
        self._connections: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection."""
        task = asyncio.current_task()
        assert task
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)
        upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", self._upstream)
        asking = asyncio.create_task(_carry(reader, upstream_writer))
        try:
            await self._answer(upstream_reader, writer)
        except ConnectionError:
            return  # The client was killed, as it should be.
        finally:
            asking.cancel()
            writer.transport.abort()
            upstream_writer.transport.abort()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(_PIECE_BYTES):
            if self.limit is not None and self.passed >= self.limit:
                await asyncio.Event().wait()
            self.passed += len(piece)
            writer.write(piece)
            await writer.drain()

    async def close(self) -> None:
        """End what is held back."""
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)


@asynccontextmanager
async def metered(port: int) -> AsyncIterator[Meter]:
    """Put a meter before the server on `port`."""
    meter = Meter(port)
    listener = await asyncio.start_server(meter.serve, "127.0.0.1", 0)
    meter.port = listener.sockets[0].getsockname()[1]
    try:
        yield meter
    finally:
        listener.close()
        await meter.close()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(_PIECE_BYTES):
        writer.write(piece)
        await writer.drain()
