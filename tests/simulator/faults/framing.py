"""Answers whose framing is unusual, wrong, endless or not HTTP at all."""

from __future__ import annotations

from dataclasses import dataclass

from tests.simulator.answering import Fault
from tests.simulator.wire import Response, Wire

_CHUNK_BYTES = 4096
_ENDLESS_CHUNK = b"\0" * 65_536


@dataclass(frozen=True, slots=True)
class ChunkedWithoutLength(Fault):
    """The whole body in chunks: regular, but nobody knows its length before the end."""

    async def send(self, wire: Wire, response: Response) -> None:
        """Send the chunks, and the empty one that ends them."""
        await wire.send_head(response, transfer_encoding="chunked")
        for start in range(0, len(response.body), _CHUNK_BYTES):
            await wire.send_chunk(response.body[start : start + _CHUNK_BYTES])
        await wire.send_chunk(b"")


@dataclass(frozen=True, slots=True)
class UntilClose(Fault):
    """HTTP/1.0: the body ends where the connection does, whole or, unseen, after `count` bytes."""

    count: int | None = None

    async def send(self, wire: Wire, response: Response) -> None:
        """Send without a length, close."""
        await wire.send_head(response, version="1.0", connection="close")
        await wire.send_body(response.body[: self.count])
        wire.close()


@dataclass(frozen=True, slots=True)
class WrongContentLength(Fault):
    """A Content-Length that is `error` bytes too long, or too short where negative; then a close."""

    error: int

    async def send(self, wire: Wire, response: Response) -> None:
        """Send a wrong length and the whole body."""
        await wire.send_head(response, content_length=str(len(response.body) + self.error))
        await wire.send_body(response.body)
        wire.close()


@dataclass(frozen=True, slots=True)
class EndlessBody(Fault):
    """The right body, and zeros behind it for as long as the client reads."""

    async def send(self, wire: Wire, response: Response) -> None:
        """Send chunks for ever."""
        await wire.send_head(response, transfer_encoding="chunked")
        await wire.send_chunk(response.body or _ENDLESS_CHUNK)
        while True:
            await wire.send_chunk(_ENDLESS_CHUNK)


@dataclass(frozen=True, slots=True)
class HugeHeader(Fault):
    """A right answer with a header of `size` bytes."""

    size: int = 10_000_000

    async def send(self, wire: Wire, response: Response) -> None:
        """Send one header more."""
        await wire.send_response(response.with_headers(x_huge="x" * self.size))


@dataclass(frozen=True, slots=True)
class NotHttp(Fault):
    """Another protocol, with an escape sequence for terminals that print what they are sent."""

    data: bytes = b"SSH-2.0-OpenSSH_9.2p1 \x1b[31mDebian\r\n"

    async def send(self, wire: Wire, response: Response) -> None:
        """Send it, close."""
        del response
        await wire.send_raw(self.data)
        wire.close()
