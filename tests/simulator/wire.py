"""HTTP/1.1 by hand, on one socket: what is sent is bytes, so that any wrong answer can be given.

Nothing is buffered in this process: what was sent is the kernel's, and the log counts it.
"""

from __future__ import annotations

import asyncio
import fcntl
import socket
import struct
import termios
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qs, urlsplit

from tests.simulator.log import Exchange

_PIECE_BYTES = 65_536
_LONGEST_HEAD_BYTES = 1_000_000
# on, and for no second: closing then sends RST and drops what is unsent (socket(7)).
_NO_LINGER = struct.pack("ii", 1, 0)
_DELIVERY_POLL_S = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a client asks; headers in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]

    @property
    def path(self) -> str:
        """The target without its query."""
        return urlsplit(self.target).path

    @property
    def query(self) -> Mapping[str, str]:
        """The query's parameters, the first of each name."""
        return {name: texts[0] for name, texts in parse_qs(urlsplit(self.target).query).items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What is to be answered; Content-Length is added when it is sent. Headers in lower case."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def with_headers(self, **headers: str) -> Response:
        """Return the same with more headers; `_` in a name stands for `-`."""
        added = {name.replace("_", "-"): text for name, text in headers.items()}
        return replace(self, headers={**self.headers, **added})


class Wire:
    """One client's connection."""

    def __init__(self, sock: socket.socket) -> None:
        self.is_open = True
        self.exchange: Exchange | None = None
        """Where the log has the request that is being answered."""
        self._sock = sock
        self._loop = asyncio.get_running_loop()
        self._unread = b""

    async def receive(self) -> Request | None:
        """Return the next request; None where the client left or speaks another protocol."""
        while b"\r\n\r\n" not in self._unread:
            piece = await self._loop.sock_recv(self._sock, _PIECE_BYTES)
            self._unread += piece
            if not piece or len(self._unread) > _LONGEST_HEAD_BYTES:
                return None
        head, _, self._unread = self._unread.partition(b"\r\n\r\n")
        return _parse(head)

    async def send_response(self, response: Response) -> None:
        """Send head and body, as an honest server does."""
        await self.send_beginning(response, len(response.body))

    async def send_beginning(self, response: Response, count: int) -> None:
        """Send the head of the whole response and the first `count` bytes of its body."""
        await self.send_head(response, content_length=str(len(response.body)))
        await self.send_body(response.body[:count])

    async def send_head(self, response: Response, *, version: str = "1.1", **headers: str) -> None:
        """Send the status and the headers, with these added; none for the framing are put in by itself."""
        if self.exchange:
            self.exchange.status = response.status
        fields = response.with_headers(**headers).headers
        lines = [f"HTTP/{version} {response.status} Simulated"]
        lines += [f"{name}: {text}" for name, text in fields.items()]
        await self.send_raw("".join(f"{line}\r\n" for line in [*lines, ""]).encode("latin-1"))

    async def send_body(self, body: bytes) -> None:
        """Send bytes of the body."""
        for start in range(0, len(body), _PIECE_BYTES):
            piece = body[start : start + _PIECE_BYTES]
            await self.send_raw(piece)
            if self.exchange:
                self.exchange.body_bytes += len(piece)

    async def send_chunk(self, data: bytes) -> None:
        """Send bytes of the body as one chunk (RFC 9112 §7.1); of no bytes it is the last one."""
        await self.send_raw(f"{len(data):x}\r\n".encode())
        await self.send_body(data)
        await self.send_raw(b"\r\n")

    async def send_raw(self, data: bytes) -> None:
        """Send bytes that are not counted. Raises `ConnectionError` where the client left."""
        await self._loop.sock_sendall(self._sock, data)

    async def until_client_leaves(self) -> None:
        """Wait, and say nothing."""
        while await self._loop.sock_recv(self._sock, _PIECE_BYTES):
            pass

    def close(self) -> None:
        """Close in good order (FIN): the client gets all that was sent, then the end."""
        self.is_open = False
        self._sock.close()

    async def reset(self) -> None:
        """Break the connection (RST), after the client's kernel has all that was sent."""
        while self._undelivered():  # noqa: ASYNC110 - the kernel tells nobody when it was acknowledged
            await asyncio.sleep(_DELIVERY_POLL_S)
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self.close()

    def _undelivered(self) -> int:
        """Return how many bytes the other side has not acknowledged: a reset would drop them (tcp(7))."""
        found = fcntl.ioctl(self._sock, termios.TIOCOUTQ, struct.pack("i", 0))
        return int(struct.unpack("i", found)[0])


def _parse(head: bytes) -> Request | None:
    first, *lines = head.decode("latin-1").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        return None
    fields = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): text.strip() for name, _, text in fields}
    return Request(method=words[0], target=words[1], headers=headers)
