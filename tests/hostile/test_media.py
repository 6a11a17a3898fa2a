"""Media made to do harm: small files that become large, and files that refer to others."""

from __future__ import annotations

import asyncio
import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from archiver.domain.checks import Damaged, Measurement, NotMedia
from archiver.domain.outcome import Outcome
from archiver.domain.sidecar import AssetStatus
from archiver.pipeline.inspector import Inspector
from tests.hostile.workers import peak_bytes, worker_ids
from tests.runs.running import leftovers, look, options_for, run_ids
from tests.simulator import Clip, Service, make_clip

# What a worker takes for nothing is 50 MB: none of these files may cost three times that.
_MOST_BYTES = 200 << 20


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _png(width: int, height: int, *chunks: bytes) -> bytes:
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + _chunk(b"IEND", b"")


def _zeros(size: int) -> bytes:
    packer = zlib.compressobj(9)
    return b"".join([*(packer.compress(bytes(1 << 20)) for _ in range(size >> 20)), packer.flush()])


def _jpeg(width: int, height: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (16, 16)).save(buffer, "JPEG")
    data = bytearray(buffer.getvalue())
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(data)


def _gif(width: int, height: int) -> bytes:
    screen = struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6)
    image = b"\x2c" + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x02\x02\x4c\x01\x00"
    return b"GIF89a" + screen + image + b"\x3b"


def _webp(width: int, height: int) -> bytes:
    canvas = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4) + canvas
    return b"RIFF" + struct.pack("<I", len(body)) + body


BOMBS: dict[str, Callable[[], bytes]] = {
    "a png of 4 gigapixels": lambda: _png(65_535, 65_535, _chunk(b"IDAT", _zeros(1 << 20))),
    "a png of 2^62 pixels": lambda: _png(2**31 - 1, 2**31 - 1, _chunk(b"IDAT", b"")),
    "a png without a pixel": lambda: _png(0, 0, _chunk(b"IDAT", b"")),
    "a png with a gigabyte of text": lambda: _png(
        1,
        1,
        *(_chunk(b"zTXt", b"a%d\0\0" % index + text) for index, text in enumerate(64 * [_zeros(16 << 20)])),
    ),
    "a png with a large profile": lambda: _png(1, 1, _chunk(b"iCCP", b"a\0\0" + _zeros(32 << 20))),
    "a jpeg of 4 gigapixels": lambda: _jpeg(65_535, 65_535),
    "a gif of 4 gigapixels": lambda: _gif(65_535, 65_535),
    "a webp of 2^48 pixels": lambda: _webp(1 << 24, 1 << 24),
    "a webp of 268 megapixels": lambda: _webp(16_384, 16_384),
    "a gif without an end": lambda: b"GIF89a" + bytes(7) + b"\x21\xfe" + b"\xff" * 1_000_000,
}


@pytest.fixture(params=BOMBS)
def bomb(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return each bomb as a file."""
    path = tmp_path / "bomb"
    path.write_bytes(BOMBS[request.param]())
    return path


async def test_a_bomb_is_refused_before_it_takes_memory(bomb: Path) -> None:
    """In the look and in the decoding of every frame: it is damaged, in few words and little memory."""
    async with Inspector() as inspector:
        found = await inspector.inspect(bomb)
        assert isinstance(found, Damaged)
        complaint = await inspector.find_decode_error(bomb)
        assert complaint
        for reason in (found.reason, complaint):
            assert reason.isprintable()
            assert len(reason) <= 160
        (worker,) = worker_ids()
        assert peak_bytes(worker) < _MOST_BYTES


async def test_frames_that_are_not_there_are_not_waited_for(tmp_path: Path) -> None:
    """An animated PNG says how many pictures it has: two thousand million, and one is there."""
    path = tmp_path / "asset"
    promise = _chunk(b"acTL", struct.pack(">II", 2**31 - 1, 0))
    path.write_bytes(_png(8, 8, promise, _chunk(b"IDAT", _zeros(1 << 20))))
    async with Inspector() as inspector, asyncio.timeout(20):
        assert isinstance(await inspector.inspect(path), Measurement | Damaged)
        assert await inspector.find_decode_error(path)


async def test_a_bomb_in_a_run_is_kept_flagged_and_stops_nothing(service: Service, archive: Path) -> None:
    """The bytes are what the service gave: they are kept, and nobody calls them verified."""
    clip = make_clip()
    data = BOMBS["a png of 4 gigapixels"]()
    service.serve("g-1", replace(clip, thumbnail=replace(clip.thumbnail, data=data)))
    service.serve("g-2")
    run = await run_ids(options_for(service, archive), "g-1", "g-2")
    assert run.results["g-1"].outcome is Outcome.MISMATCHED
    assert run.results["g-2"].outcome is Outcome.ARCHIVED
    record = look(archive, "g-1").record("thumbnail")
    assert (record.status, record.path) == (AssetStatus.MISMATCHED, "thumbnail.png")
    assert look(archive, "g-1").bytes_of("thumbnail") == data
    assert leftovers(archive) == []


def _box(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", 8 + len(data)) + kind + data


def _with_reference(clip: Clip, target: bytes) -> bytes:
    """Return a film whose media data, it says, are in another file (ISO/IEC 14496-12 §8.7.2)."""
    data = clip.video.data
    at = data.index(b"url ") - 4
    (size,) = struct.unpack_from(">I", data, at)
    # As long as it was: the flag says "in this file" until it is cleared.
    assert size == 12
    changed = bytearray(data)
    changed[at + 11] = 0
    return bytes(changed) + _box(b"free", target)


PLAYLIST = "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{}\n#EXT-X-ENDLIST\n"


@pytest.mark.parametrize(
    "data",
    [
        PLAYLIST.format("file:///etc/passwd").encode(),
        PLAYLIST.format("http://127.0.0.1:1/x").encode(),
        b"ffconcat version 1.0\nfile '/etc/passwd'\n",
        b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=video 1 RTP/AVP 96\n",
        b'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"></MPD>',
        b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) run\n",
        b"push graphic-context\nimage over 0,0 0,0 'url(http://127.0.0.1/)'\n",
    ],
)
async def test_what_only_refers_to_media_is_none(tmp_path: Path, data: bytes) -> None:
    """Playlists, scripts and drawings would have a decoder open other files and hosts."""
    path = tmp_path / "asset"
    path.write_bytes(data)
    async with Inspector() as inspector:
        assert isinstance(await inspector.inspect(path), NotMedia)
        assert await inspector.find_decode_error(path)


async def test_a_film_that_refers_to_another_file_opens_none(tmp_path: Path, clip: Clip) -> None:
    """Its own data are taken or none; what it names is not asked for."""
    path = tmp_path / "asset"
    path.write_bytes(_with_reference(clip, b"file:///etc/passwd"))
    async with Inspector() as inspector:
        found = await inspector.inspect(path)
    assert isinstance(found, Measurement | Damaged)


@pytest.mark.parametrize("prefix", [b"#EXTM3U\nftypisom", b"....ftypisom"])
async def test_a_playlist_that_poses_as_a_film_is_read_as_a_film(tmp_path: Path, prefix: bytes) -> None:
    """The demuxer is the one of the kind that was seen, whatever libav would guess, and opens files alone."""
    path = tmp_path / "asset"
    path.write_bytes(prefix + PLAYLIST.format("file:///etc/passwd").encode())
    async with Inspector() as inspector:
        assert not isinstance(await inspector.inspect(path), Measurement)
        assert await inspector.find_decode_error(path)
