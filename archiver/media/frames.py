"""Every frame, through the ffmpeg program: in a process of its own, so that no crash of a decoder is ours."""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path

import ffmpeg

from archiver.domain.checks import MediaKind
from archiver.media.ffmpeg import locate_ffmpeg
from archiver.media.image import scale_to_grey
from archiver.media.similarity import SIDES, similarity
from archiver.media.sniff import HEAD_BYTES, sniff
from archiver.media.wording import one_line

# Longer than any clip takes to decode; a decoder that hangs must not hang the run.
_LONGEST_S = 600
_QUIETLY = ("-v", "error", "-nostdin", "-hide_banner")
# "[h264 @ 0x55d0c8a2c0]": which part of ffmpeg speaks; the number changes with every run.
_SPEAKER = re.compile(r"\[([\w,:./ -]+?) @ 0x[0-9a-f]+\]\s*")


def find_frame_error(path: Path) -> str | None:
    """Decode all frames and all sound of a film; return ffmpeg's first complaint, or None.

    Raises `UsageError` where there is no ffmpeg.
    """
    # vfr: Matroska's milliseconds give two frames one moment, of which the muxer would complain.
    output = ffmpeg.input(_literal(path), err_detect="explode").output("-", format="null", fps_mode="vfr")
    ended = _run(output.global_args(*_QUIETLY, "-xerror"))
    complaint = _first_line(ended.stderr, path)
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

    All frames are decoded, each small picture over the one before: seeking to the end can miss the last.
    """
    width, height = SIDES
    # In its own colours: grey in ffmpeg would keep a film's narrower range of brightness.
    scaled = ffmpeg.input(_literal(video)).video.filter("scale", width, height, flags="area")
    with tempfile.TemporaryDirectory() as folder:
        still = Path(folder) / "last.png"
        written = scaled.output(
            _literal(still), format="image2", update=1, vcodec="png", pix_fmt="rgb24", fps_mode="passthrough"
        )
        _run(written.global_args(*_QUIETLY))
        return scale_to_grey(still, MediaKind.PNG, SIDES) if still.exists() else None


def _run(output: ffmpeg.nodes.OutputStream) -> subprocess.CompletedProcess[bytes]:
    command = ffmpeg.compile(output, cmd=locate_ffmpeg())
    try:
        # Our own words alone stand in the command.
        return subprocess.run(command, capture_output=True, check=False, timeout=_LONGEST_S)  # noqa: S603 - above
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 1, b"", f"not done after {_LONGEST_S} s".encode())


def _literal(path: Path) -> str:
    """Return a path that ffmpeg takes for a file, whatever its name: never for an option or a protocol."""
    return f"file:{path}"


def _first_line(output: bytes, path: Path) -> str | None:
    text = output.decode("utf-8", errors="replace").replace(f"{_literal(path)}: ", "")
    spoken = (
        one_line(_SPEAKER.sub(r"\1: ", line).replace(str(path), path.name)) for line in text.splitlines()
    )
    return next((line for line in spoken if line), None)
