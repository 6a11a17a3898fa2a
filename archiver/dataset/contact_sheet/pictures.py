"""The pictures of a generation as a contact sheet shows them, or why it has none."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from archiver.dataset.example import AssetFile, Example
from archiver.dataset.media import LostSampleError
from archiver.dataset.originals import open_original
from archiver.domain.errors import ArchiverError
from archiver.domain.identity import AssetName
from archiver.media.changes import Changes
from archiver.media.filming import FilmError
from archiver.media.image import scale_to_fit
from archiver.media.sheet import Bitmap
from archiver.media.sniff import HEAD_BYTES, sniff
from archiver.media.stills import sample_frames


class _UnseenError(ArchiverError):
    """A file that cannot be shown."""


def pictures_of(
    root: Path, example: Example, frames: int | None, cell: tuple[int, int]
) -> tuple[Bitmap, ...] | str:
    """Return the pictures, each fitting into `cell`: the thumbnail, or so many stills; or why there are none.

    Raises `DiskFullError`, `UsageError` where there is no ffmpeg for stills.
    """
    try:
        if frames is not None:
            return _stills(root, example, frames, cell)
        return (_picture(root, example, cell),)
    except (_UnseenError, LostSampleError, FilmError) as error:
        return error.message
    except MemoryError:
        return "too large a picture for this machine's memory"


def _picture(root: Path, example: Example, cell: tuple[int, int]) -> Bitmap:
    names = (AssetName.THUMBNAIL, AssetName.LAST_FRAME)
    file = next((example.assets[name] for name in names if name in example.assets), None)
    if file is None:
        msg = "no thumbnail: --frames 1 shows its clip" if example.video else "no thumbnail"
        raise _UnseenError(msg)
    with open_original(root, example.folder, file.name) as opened:
        return _scaled(Path(f"/dev/fd/{opened.fileno()}"), opened, file.name, cell)


def _stills(root: Path, example: Example, frames: int, cell: tuple[int, int]) -> tuple[Bitmap, ...]:
    clip: AssetFile | None = example.video
    if clip is None:
        msg = "no clip"
        raise _UnseenError(msg)
    with (
        open_original(root, example.folder, clip.name) as source,
        TemporaryDirectory(prefix="luma-archiver-") as folder,
    ):
        return tuple(_still(path, cell) for path in sample_frames(source, Path(folder), frames, Changes()))


def _still(path: Path, cell: tuple[int, int]) -> Bitmap:
    with path.open("rb") as opened:
        return _scaled(path, opened, path.name, cell)


def _scaled(path: Path, opened: BinaryIO, name: str, cell: tuple[int, int]) -> Bitmap:
    try:
        kind = sniff(opened.read(HEAD_BYTES))
        # Where /dev/fd shares the place in the file, a decoder begins at its start again.
        os.lseek(opened.fileno(), 0, os.SEEK_SET)
        scaled = scale_to_fit(path, kind, cell) if kind and not kind.is_video else None
    except OSError as error:
        msg = f"{name} cannot be read: {error.strerror}"
        raise _UnseenError(msg) from error
    if scaled is None:
        msg = f"{name} is damaged, or no picture"
        raise _UnseenError(msg)
    return scaled
