"""What is in a media file. All of this blocks, and a crafted file may crash it: a worker does it (`pool`)."""

from __future__ import annotations

from pathlib import Path

from archiver.domain.checks import Inspection, NotMedia
from archiver.media.image import find_picture_error, inspect_picture
from archiver.media.sniff import HEAD_BYTES, describe, sniff
from archiver.media.video import inspect_video


def inspect_media(path: Path) -> Inspection:
    """Return what a file holds. Whatever its bytes are, it raises `OSError` and `MemoryError` alone."""
    head = _head(path)
    kind = sniff(head)
    if kind is None:
        return NotMedia(describe(head))
    return inspect_video(path, kind) if kind.is_video else inspect_picture(path, kind)


def find_decode_error(path: Path) -> str | None:
    """Decode every frame of a film or a picture; return the decoder's first complaint, or None.

    Raises `OSError`, `MemoryError`, and `UsageError` where there is no ffmpeg for a film.
    """
    head = _head(path)
    kind = sniff(head)
    if kind is None:
        return f"no media: {describe(head)}"
    if not kind.is_video:
        return find_picture_error(path, kind)
    from archiver.media.frames import find_frame_error  # noqa: PLC0415 - a look without `--deep` starts sooner

    return find_frame_error(path)


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)
