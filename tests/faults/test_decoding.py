"""Codings that nobody asked for: unpacked to the letter, a little at a time, or refused."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.domain.decoding import PIECE_BYTES, Unpacker
from archiver.domain.errors import BrokenError

PLAIN = b"".join(b"%d," % number for number in range(50_000))


def _zlib(data: bytes, *, wbits: int = zlib.MAX_WBITS) -> bytes:
    packer = zlib.compressobj(wbits=wbits)
    return packer.compress(data) + packer.flush()


def _bare(data: bytes) -> bytes:
    return _zlib(data, wbits=-15)


PACKERS = [("gzip", gzip.compress), ("x-gzip", gzip.compress), ("deflate", _zlib), ("deflate", _bare)]


def _unpack(coding: str, packed: bytes, size: int) -> bytes:
    unpacker = Unpacker(coding)
    pieces = [
        piece
        for start in range(0, len(packed), size)
        for piece in unpacker.feed(packed[start : start + size])
    ]
    unpacker.finish()
    assert all(0 < len(piece) <= PIECE_BYTES for piece in pieces)
    return b"".join(pieces)


@given(
    st.sampled_from(PACKERS),
    st.binary(max_size=2000) | st.integers(0, 300_000).map(bytes),
    st.integers(1, 5000),
)
def test_what_was_packed_comes_out_again(
    packer: tuple[str, Callable[[bytes], bytes]], plain: bytes, size: int
) -> None:
    """In pieces of any size, and where the last piece fills the room exactly."""
    coding, pack = packer
    assert _unpack(coding, pack(plain), size) == plain


@given(st.lists(st.binary(max_size=100), min_size=1, max_size=4), st.integers(1, 50))
def test_members_behind_each_other_are_one_body(parts: list[bytes], size: int) -> None:
    """RFC 1952 §2.2; some servers pack each buffer by itself."""
    assert _unpack("gzip", b"".join(map(gzip.compress, parts)), size) == b"".join(parts)


@pytest.mark.parametrize(("coding", "pack"), PACKERS)
def test_a_coding_that_breaks_off_is_broken(coding: str, pack: Callable[[bytes], bytes]) -> None:
    """Nothing else may tell: in HTTP/1.0 a body ends where the connection does."""
    packed = pack(PLAIN)
    for length in (0, 1, 2, 10, len(packed) // 2, len(packed) - 1):
        with pytest.raises(BrokenError, match="ended within"):
            _unpack(coding, packed[:length], 1000)


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_plain_bytes_under_a_codings_name_are_refused(coding: str) -> None:
    """Written to disk as they are, they would be right by luck alone."""
    with pytest.raises(BrokenError, match=f"not in the {coding} coding"):
        _unpack(coding, b"\x00\x00\x00 ftypisom" + PLAIN, 1000)


def test_a_flipped_bit_is_noticed() -> None:
    """Gzip carries a checksum, which a plain body has not."""
    packed = bytearray(gzip.compress(PLAIN))
    packed[-6] ^= 1
    with pytest.raises(BrokenError):
        _unpack("gzip", bytes(packed), 1000)


def test_a_bomb_unpacks_no_more_than_is_taken() -> None:
    """100 MB in 100 KB: whoever stops after a piece has made one piece, and no more memory is used."""
    packer = zlib.compressobj(wbits=31)
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(100)) + packer.flush()
    assert len(bomb) < 110_000
    pieces = Unpacker("gzip").feed(bomb)
    assert len(next(pieces)) == PIECE_BYTES
    assert sum(map(len, pieces)) == (100 << 20) - PIECE_BYTES
