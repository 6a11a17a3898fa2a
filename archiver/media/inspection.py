"""What is in a media file: the door through which everything else looks at one. All of this blocks."""

from __future__ import annotations

from pathlib import Path

from archiver.domain.checks import Inspection, NotMedia
from archiver.media.frames import find_frame_error
from archiver.media.image import find_picture_error, inspect_picture
from archiver.media.sniff import HEAD_BYTES, describe, sniff
from archiver.media.video import inspect_video


def inspect_media(path: Path) -> Inspection:
    """Return what a file holds. Whatever its bytes are, this raises nothing but `OSError`."""
    head = _head(path)
    kind = sniff(head)
    if kind is None:
        return NotMedia(describe(head))
    return inspect_video(path, kind) if kind.is_video else inspect_picture(path, kind)


def find_decode_error(path: Path) -> str | None:
    """Decode every frame of a film or a picture; return the decoder's first complaint, or None.

    Raises `OSError`, and `UsageError` where there is no ffmpeg for a film.
    """
    head = _head(path)
    kind = sniff(head)
    if kind is None:
        return f"no media: {describe(head)}"
    return find_frame_error(path) if kind.is_video else find_picture_error(path, kind)


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)
