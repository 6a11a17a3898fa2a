"""Every frame, through the ffmpeg program: in a process of its own, so that no crash of a decoder is ours."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import ffmpeg
from PIL import Image

from archiver.media.ffmpeg import locate_ffmpeg
from archiver.media.similarity import SIDES, similarity

# Longer than any clip takes to decode; a decoder that hangs must not hang the run.
_LONGEST_S = 600
_REASON_CHARACTERS = 160
# "[h264 @ 0x55d0c8a2c0]": which part of ffmpeg speaks; the number changes with every run.
_SPEAKER = re.compile(r"\[([\w,:./ -]+?) @ 0x[0-9a-f]+\]\s*")


def find_frame_error(path: Path) -> str | None:
    """Decode all frames and all sound of a film; return ffmpeg's first complaint, or None.

    Raises `UsageError` where there is no ffmpeg.
    """
    output = ffmpeg.input(_literal(path), err_detect="explode").output("-", format="null")
    ended = _run(output.global_args("-v", "error", "-xerror", "-nostdin", "-hide_banner"))
    complaint = _first_line(ended.stderr, path)
    if complaint or ended.returncode:
        return complaint or f"ffmpeg ended with code {ended.returncode}"
    return None


def last_frame_similarity(picture: Path, video: Path) -> float | None:
    """Return how alike a picture and a film's last decoded frame are (SSIM, up to 1).

    None where one of them cannot be read. Raises `UsageError` where there is no ffmpeg.
    """
    last = _last_frame(video)
    if last is None:
        return None
    try:
        with Image.open(picture) as opened:
            shown = opened.convert("L").resize(SIDES, Image.Resampling.BOX)
    except (OSError, ValueError, SyntaxError):
        return None
    return similarity(shown.tobytes(), last)


def _last_frame(video: Path) -> bytes | None:
    """Return the last frame in grey, scaled. All frames are decoded: seeking to the end can miss it.

    It comes by way of RGB, as the picture did: luma alone differs where a colour is out of RGB's reach.
    """
    width, height = SIDES
    scaled = ffmpeg.input(_literal(video)).video.filter("scale", width, height, flags="area")
    output = scaled.output("-", format="rawvideo", pix_fmt="rgb24", fps_mode="passthrough")
    ended = _run(output.global_args("-v", "error", "-nostdin", "-hide_banner"))
    size = 3 * width * height
    if len(ended.stdout) < size:
        return None
    return Image.frombytes("RGB", SIDES, ended.stdout[-size:]).convert("L").tobytes()


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
    text = output.decode("utf-8", errors="replace").replace(str(path), path.name)
    line = next((line for line in text.splitlines() if line.strip()), "")
    plain = "".join(c if c.isprintable() else " " for c in _SPEAKER.sub(r"\1: ", line))
    return plain.strip()[:_REASON_CHARACTERS] or None
