"""Files on their way into a dataset: read once, and held against their digests in the same pass."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import BinaryIO

import pytest

from archiver.dataset.media import CHUNK_BYTES, LostSampleError, MediaFile, open_regular


def media_file(path: Path, data: bytes, opened: Callable[[], BinaryIO] | None = None) -> MediaFile:
    """Write a clip, and return it as a dataset takes it."""
    path.write_bytes(data)
    return MediaFile(
        field="video",
        extension="mp4",
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        path=path,
        opened=opened or partial(open_regular, path),
    )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where to write."""
    return tmp_path_factory.mktemp("media") / "video.mp4"


@pytest.mark.parametrize(
    "size", [0, 1, 65_536, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES + 7]
)
def test_all_bytes_come_in_order_and_no_chunk_is_too_large(place: Path, size: int) -> None:
    """Memory is bounded by the chunk, not by the clip."""
    data = hashlib.shake_128(b"x").digest(size)
    chunks = [bytes(chunk) for chunk in media_file(place, data).chunks()]
    assert b"".join(chunks) == data
    assert all(0 < len(chunk) <= CHUNK_BYTES for chunk in chunks)


@pytest.mark.parametrize("size", [1000, 5 * CHUNK_BYTES])
@pytest.mark.parametrize("at", [0, -1])
def test_one_wrong_byte_loses_the_sample(place: Path, size: int, at: int) -> None:
    """Rot is not exported, wherever it is."""
    file = media_file(place, bytes(size))
    spoiled = bytearray(size)
    spoiled[at] = 1
    place.write_bytes(spoiled)
    with pytest.raises(LostSampleError, match=r"video\.mp4 is not what its sidecar records"):
        file.read()


def test_a_file_that_was_cut_loses_the_sample(place: Path) -> None:
    """Its digest is wrong, too; but a tar's header has promised its length by then."""
    file = media_file(place, bytes(2 * CHUNK_BYTES))
    place.write_bytes(bytes(CHUNK_BYTES))
    with pytest.raises(LostSampleError):
        file.read()


def test_a_file_that_grew_is_not_read_to_its_end(place: Path) -> None:
    """Something else than a clip may stand there by now, of any size."""
    file = media_file(place, bytes(1000))
    with place.open("ab") as grown:
        grown.truncate(1 << 40)
    chunks = file.chunks()
    assert len(next(chunks)) == 1001
    with pytest.raises(LostSampleError):
        next(chunks)


def test_a_disk_that_refuses_to_read_loses_the_sample_alone(place: Path) -> None:
    """A bad sector costs the clip that lies on it; the system's error does not end the run."""
    file = media_file(place, bytes(1000))
    # Reading a process's memory at address 0 is an input/output error (proc(5), /proc/pid/mem).
    bad = replace(file, opened=partial(open_regular, Path("/proc/self/mem")))
    with pytest.raises(LostSampleError, match="the disk reports an error"):
        bad.read()
