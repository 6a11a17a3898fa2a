"""HTTP/1.1 on one connection: h11 keeps the protocol (RFC 9112), this pumps its bytes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import format_datetime
from http import HTTPStatus
from pathlib import Path

import h11

from archiver.demo.answers import error_answer
from archiver.demo.messages import FileSlice, Request, Response, json_response

_READ_BYTES = 65_536
# A thread's hop costs more than reading 64 KB: read a good deal at once.
_FILE_BYTES = 1_048_576

Respond = Callable[[Request], Response]


class _BrokenBodyError(Exception):
    """A body ends before its announced length: by the script, or because its file did."""


class ServerConnection:
    """Reads requests and writes responses until either side has had enough."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, respond: Respond) -> None:
        self._reader = reader
        self._writer = writer
        self._respond = respond
        self._protocol = h11.Connection(h11.SERVER)

    async def serve(self) -> None:
        """Serve until the connection ends. What the client does wrong ends it, with a 400 where one fits."""
        try:
            with suppress(_BrokenBodyError, OSError):
                await self._serve_all()
                self._writer.close()
                await self._writer.wait_closed()
        finally:
            # After a break, or when told to end, nothing more goes out; after a close this changes nothing.
            self._writer.transport.abort()

    async def _serve_all(self) -> None:
        try:
            while await self._serve_one():
                self._protocol.start_next_cycle()
        except h11.RemoteProtocolError as error:
            if self._protocol.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
                await self._send(_refusal(error), with_body=True)

    async def _serve_one(self) -> bool:
        """Serve one request; tell whether another may follow on this connection."""
        request = await self._next_event()
        if not isinstance(request, h11.Request):
            return False
        while not isinstance(await self._next_event(), h11.EndOfMessage):
            """No question of this service has a body; one that comes is read away."""
        # To HEAD the same headers are sent and no body (RFC 9110 §9.3.2).
        await self._send(self._respond(_understand(request)), with_body=request.method != b"HEAD")
        return self._protocol.our_state is h11.DONE and self._protocol.their_state is h11.DONE

    async def _next_event(self) -> object:
        while (event := self._protocol.next_event()) is h11.NEED_DATA:
            if self._protocol.they_are_waiting_for_100_continue:
                await self._write(h11.InformationalResponse(status_code=100, headers=[]))
            self._protocol.receive_data(await self._reader.read(_READ_BYTES))
        return event

    async def _send(self, response: Response, *, with_body: bool) -> None:
        await self._write(_head(response))
        if with_body:
            async for piece in _pieces(response.body):
                await self._write(h11.Data(data=piece))
        await self._write(h11.EndOfMessage())

    async def _write(self, event: h11.Event) -> None:
        self._writer.write(self._protocol.send(event) or b"")
        await self._writer.drain()


def _understand(request: h11.Request) -> Request:
    return Request(
        method=request.method.decode("ascii"),
        path=request.target.decode("ascii").partition("?")[0],
        headers={name.decode("ascii"): value.decode("latin-1") for name, value in request.headers},
    )


def _refusal(error: h11.RemoteProtocolError) -> Response:
    answer = error_answer("not an HTTP request that can be read", "bad_request")
    return json_response(error.error_status_hint, answer, {"connection": "close"})


def _head(response: Response) -> h11.Response:
    headers = {
        "date": format_datetime(datetime.now(UTC), usegmt=True),
        "content-length": str(len(response.body)),
        **response.headers,
    }
    reason = HTTPStatus(response.status).phrase
    return h11.Response(status_code=response.status, headers=list(headers.items()), reason=reason)


async def _pieces(body: bytes | FileSlice) -> AsyncIterator[bytes]:
    """Yield a body piece by piece, read in threads. Raises `_BrokenBodyError` where it breaks."""
    if isinstance(body, bytes):
        yield body
        return
    position, end = body.start, body.stop if body.cut_at is None else body.cut_at
    while position < end:
        piece = await asyncio.to_thread(_read, body.path, position, min(_FILE_BYTES, end - position))
        if not piece:
            break
        yield piece
        position += len(piece)
    if position < body.stop:
        raise _BrokenBodyError


def _read(path: Path, position: int, size: int) -> bytes:
    """Return up to `size` bytes; opened each time, so that no cancelled request leaves the file open."""
    with path.open("rb") as file:
        file.seek(position)
        return file.read(size)
