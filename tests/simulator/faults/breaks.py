"""Connections that end too soon, in every place where they can."""

from __future__ import annotations

from dataclasses import dataclass

from tests.simulator.answering import Fault
from tests.simulator.wire import Response, Wire


@dataclass(frozen=True, slots=True)
class CutAfter(Fault):
    """Closed in good order after `count` bytes of the body, before its Content-Length."""

    count: int

    async def send(self, wire: Wire, response: Response) -> None:
        """Send the beginning, close."""
        await wire.send_beginning(response, self.count)
        wire.close()


@dataclass(frozen=True, slots=True)
class CutChunked(Fault):
    """Closed after `count` bytes of a chunk: no length tells what is missing."""

    count: int

    async def send(self, wire: Wire, response: Response) -> None:
        """Announce the whole body as one chunk, send its beginning, close."""
        await wire.send_head(response, transfer_encoding="chunked")
        await wire.send_raw(f"{len(response.body):x}\r\n".encode())
        await wire.send_body(response.body[: self.count])
        wire.close()


@dataclass(frozen=True, slots=True)
class CloseBeforeHeaders(Fault):
    """Closed instead of an answer, as a server that restarts does to the connections in a pool."""

    async def send(self, wire: Wire, response: Response) -> None:
        """Close."""
        del response
        wire.close()


@dataclass(frozen=True, slots=True)
class ResetBeforeHeaders(Fault):
    """Reset instead of an answer."""

    async def send(self, wire: Wire, response: Response) -> None:
        """Reset."""
        del response
        await wire.reset()


@dataclass(frozen=True, slots=True)
class ResetAfterHeaders(Fault):
    """Reset before the first byte of the body."""

    async def send(self, wire: Wire, response: Response) -> None:
        """Send the head, reset."""
        await wire.send_beginning(response, 0)
        await wire.reset()


@dataclass(frozen=True, slots=True)
class ResetAfter(Fault):
    """Reset after `count` bytes of the body, all of which have arrived."""

    count: int

    async def send(self, wire: Wire, response: Response) -> None:
        """Send the beginning, reset."""
        await wire.send_beginning(response, self.count)
        await wire.reset()


@dataclass(frozen=True, slots=True)
class IdleClose(Fault):
    """A right answer, then the end of a connection that the client believes it may keep."""

    async def send(self, wire: Wire, response: Response) -> None:
        """Send it all, close."""
        await wire.send_response(response)
        wire.close()
