"""A file made to fill the memory or the time of whoever opens it is refused, quickly."""

from __future__ import annotations

import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path

import pytest

from archiver.domain.checks import Damaged
from tests.media.conftest import Look
from tests.media.samples import FILMS, film, picture

# An interpreter with Pillow and PyAV takes a tenth of it.
_MEMORY_BYTES = 256 * 2**20
_INSPECT = """
import re, sys
from pathlib import Path
from archiver.media.inspection import inspect_media
print(type(inspect_media(Path(sys.argv[1]))).__name__)
print(int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) * 1024)
"""


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _png(width: int, height: int, *extra: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = (
        _chunk(b"IHDR", header),
        *extra,
        _chunk(b"IDAT", zlib.compress(bytes(1000))),
        _chunk(b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _peak_bytes(path: Path) -> int:
    """Return the most memory that looking at a file took, in a process of its own.

    What getrusage(2) calls the peak a process inherits from the one that started it; VmHWM it does not.
    """
    if not Path("/proc/self/status").exists():
        pytest.skip("no /proc here: a process's own peak cannot be told")
    command = [sys.executable, "-c", _INSPECT, str(path)]
    kind, peak = subprocess.check_output(command, text=True).split()  # noqa: S603 - our own words
    assert kind == "Damaged"
    return int(peak)


@pytest.mark.parametrize("sides", [(20_000, 20_000), (200_000_001, 1), (2**31 - 1, 2**31 - 1)])
def test_a_picture_of_over_200_megapixels_is_refused(look: Look, sides: tuple[int, int]) -> None:
    """Its header says so: no memory is taken for it."""
    found = look(_png(*sides))
    assert isinstance(found, Damaged)
    assert found.reason.endswith("is over 200 megapixels")


def test_refusing_takes_neither_memory_nor_time(tmp_path: Path) -> None:
    """400 megapixels would be 1.2 GB."""
    path = tmp_path / "bomb.png"
    path.write_bytes(_png(20_000, 20_000))
    assert _peak_bytes(path) < _MEMORY_BYTES


def test_a_text_that_inflates_a_thousand_times_is_refused(tmp_path: Path) -> None:
    """A PNG's compressed text (zTXt) of two megabytes becomes half a gigabyte."""
    path = tmp_path / "bomb.png"
    path.write_bytes(_png(10, 10, _chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(2**29), 1))))
    assert _peak_bytes(path) < _MEMORY_BYTES


def test_a_webp_that_promises_a_huge_canvas_is_refused(tmp_path: Path) -> None:
    """Its decoder takes the canvas's memory on opening."""
    side = (16_384 - 1).to_bytes(3, "little")
    extended = b"VP8X" + struct.pack("<I", 10) + b"\x02\0\0\0" + side + side
    body = b"WEBP" + extended + picture("WEBP")[12:]
    path = tmp_path / "bomb.webp"
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    assert _peak_bytes(path) < _MEMORY_BYTES


def test_a_file_of_nothing_but_boxes_is_refused_soon(look: Look) -> None:
    """A walk over ten million empty boxes would take minutes."""
    began = time.monotonic()
    found = look(film(FILMS["mp4"]) + b"\0\0\0\x08free" * 1_000_000)
    assert isinstance(found, Damaged)
    assert time.monotonic() - began < 20
