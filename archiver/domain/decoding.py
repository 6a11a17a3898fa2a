"""Bodies that come compressed though nobody asked for it, unpacked a little at a time (RFC 9110 §8.4.1).

A few bytes can unpack to a thousand times as many: no piece is larger than `PIECE_BYTES`, and none is made
before the last one was taken, so that whoever takes them can count and stop.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Iterator

from archiver.domain.errors import BrokenError

Piece = bytes | memoryview
"""Some of a body's bytes; an engine may lend its own memory, which nobody changes any more."""

CODINGS = frozenset({"gzip", "x-gzip", "deflate"})
"""The content codings that can be unpacked."""

PIECE_BYTES = 65_536
# zlib's manual, inflateInit2: the largest window, under a gzip header, a zlib header, or neither.
_GZIP, _ZLIB, _RAW = 31, 15, -15
_ZLIB_HEADER_BYTES = 2
_DEFLATE_METHOD = 8


async def unpacked(body: AsyncIterator[Piece], coding: str) -> AsyncIterator[bytes]:
    """Give the body without its coding, one of `CODINGS`. Raises `BrokenError`, and what `body` raises."""
    unpacker = Unpacker(coding)
    async for arrived in body:
        for piece in unpacker.feed(arrived):
            yield piece
    unpacker.finish()


class Unpacker:
    """Takes a coded body in pieces of any size and gives the plain one."""

    def __init__(self, coding: str) -> None:
        self._coding = coding
        self._begin = b""
        self._stream: zlib._Decompress | None = None
        # The last piece had no room for more: zlib may hold back what it has read already.
        self._is_full = False

    def feed(self, data: Piece) -> Iterator[bytes]:
        """Give what these bytes unpack to. Raises `BrokenError` for bytes that are not in the coding."""
        rest = self._begin + bytes(data)
        if self._stream is None and len(rest) < _ZLIB_HEADER_BYTES:
            self._begin = rest
            return
        self._begin = b""
        while rest or self._is_full:
            piece, rest = self._step(rest)
            if piece:
                yield piece

    def finish(self) -> None:
        """Take note of the body's end. Raises `BrokenError` where the coding has not ended."""
        if self._stream is None or not self._stream.eof:
            msg = f"the body ended within its {self._coding} coding"
            raise BrokenError(msg)

    def _step(self, data: bytes) -> tuple[bytes, bytes]:
        stream = self._stream
        if stream is None or stream.eof:
            # A gzip body may have several members, one behind the other (RFC 1952 §2.2).
            stream = self._stream = zlib.decompressobj(_window(self._coding, data))
        try:
            piece = stream.decompress(data, PIECE_BYTES)
        except zlib.error as error:
            msg = f"the body is not in the {self._coding} coding that its head announces"
            raise BrokenError(msg) from error
        self._is_full = len(piece) == PIECE_BYTES and not stream.eof
        return piece, stream.unused_data if stream.eof else stream.unconsumed_tail


def _window(coding: str, begin: bytes) -> int:
    """Return zlib's `wbits`; under `deflate` many servers send no zlib header (RFC 9110 §8.4.1.2)."""
    if coding != "deflate":
        return _GZIP
    has_header = begin[0] & 0x0F == _DEFLATE_METHOD and int.from_bytes(begin[:2], "big") % 31 == 0
    return _ZLIB if has_header else _RAW
