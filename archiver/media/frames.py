"""Every frame, through the ffmpeg program: in a process of its own, so that no crash of a decoder is ours."""

from __future__ import annotations

import errno
import os
import subprocess
import threading
from pathlib import Path

import ffmpeg

from archiver.media.environment import environment
from archiver.media.image import rgb_to_grey, scale_to_grey
from archiver.media.invocation import FILM, INPUT, LONGEST_S, QUIETLY, compiled, first_complaint
from archiver.media.similarity import SIDES, similarity
from archiver.media.sniff import HEAD_BYTES, sniff

_NONE = subprocess.DEVNULL
# New moments for all frames. Their own may be rounded (Matroska's milliseconds) to one and the same, of
# which a muxer complains, or be uneven, and frames be repeated or dropped for that. The option against it
# (fps_mode, vsync before) has no name that FFmpeg 4 and 8 both know.
_ONE_A_SECOND = "N/TB"
_OUT_OF_MEMORY = os.strerror(errno.ENOMEM)


def find_frame_error(path: Path) -> str | None:
    """Decode all frames and all sound of a film; return ffmpeg's first complaint, or None.

    Raises `MemoryError`, and `UsageError` where there is no ffmpeg.
    """
    output = ffmpeg.input(FILM, err_detect="explode", **INPUT).output(
        "-", format="null", vf="setpts=" + _ONE_A_SECOND
    )
    ended = _run(compiled(output.global_args(*QUIETLY, "-xerror"), path))
    complaint = first_complaint(ended.stderr, path, path.name)
    if complaint and _OUT_OF_MEMORY in complaint:
        raise MemoryError
    if complaint or ended.returncode:
        return complaint or f"ffmpeg ended with code {ended.returncode}"
    return None


def last_frame_similarity(picture: Path, video: Path) -> float | None:
    """Return how alike a picture and a film's last decoded frame are (SSIM, up to 1).

    None where one of them cannot be read. Raises `OSError`, and `UsageError` where there is no ffmpeg.
    """
    with picture.open("rb") as file:
        kind = sniff(file.read(HEAD_BYTES))
    if kind is None or kind.is_video:
        return None
    shown = scale_to_grey(picture, kind, SIDES)
    last = _last_frame(video) if shown else None
    return similarity(shown, last) if shown and last else None


def _last_frame(video: Path) -> bytes | None:
    """Return the last frame in grey, scaled, or None.

    All frames are decoded: seeking to the end can miss the last. One at a time comes through a pipe, so that
    neither memory nor disk grows with the film.
    """
    width, height = SIDES
    # In its own colours: grey in ffmpeg would keep a film's narrower range of brightness.
    scaled = ffmpeg.input(FILM, **INPUT).video.filter("scale", width, height, flags="area")
    timed = scaled.filter("setpts", _ONE_A_SECOND)
    output = timed.output("-", format="rawvideo", pix_fmt="rgb24", r=1)
    last = _last_piece(compiled(output.global_args(*QUIETLY), video), 3 * width * height)
    return rgb_to_grey(last, SIDES) if last else None


def _last_piece(command: list[str], size: int) -> bytes | None:
    """Run a program; return the last whole piece of `size` bytes that it writes, or None."""
    last = None
    # Our own words alone stand in the command.
    with subprocess.Popen(  # noqa: S603 - above
        command, stdin=_NONE, stdout=subprocess.PIPE, stderr=_NONE, env=environment()
    ) as process:
        limit = threading.Timer(LONGEST_S, process.kill)
        limit.start()
        try:
            while process.stdout and len(piece := process.stdout.read(size)) == size:
                last = piece
        finally:
            limit.cancel()
    return last


def _run(command: list[str]) -> subprocess.CompletedProcess[bytes]:
    try:
        # Our own words alone stand in the command.
        return subprocess.run(  # noqa: S603 - above
            command, stdin=_NONE, capture_output=True, check=False, timeout=LONGEST_S, env=environment()
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 1, b"", f"not done after {LONGEST_S} s".encode())
