"""The demo's door to ffmpeg: a process that never outlives whoever waits for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ffmpeg

from archiver.domain.errors import RunError
from archiver.media.environment import environment
from archiver.runtime.children import start_child

_SHOWN_CHARACTERS = 200
# ultrafast: a clip of five seconds in one second of one core. A keyframe a second, as players like it, and so
# that the last frame is found without decoding all. bitexact: the same ffmpeg writes the same bytes again.
_H264 = {
    "vcodec": "libx264",
    "preset": "ultrafast",
    "crf": 22,
    "maxrate": "7M",
    "bufsize": "7M",
    "pix_fmt": "yuv420p",
    "movflags": "+faststart",
    "fflags": "+bitexact",
    "flags": "+bitexact",
    "threads": 1,
}
# Enough for a frame at any rate of two a second and more; the rest is not decoded.
_TAIL_S = 0.5


class ClipError(RunError):
    """ffmpeg could not make a clip."""

    kind = "clip"


async def encode(stream: Any, path: Path, *, frames: int, frame_rate: int, ffmpeg_path: str) -> None:  # noqa: ANN401 - ffmpeg-python has no types
    """Write exactly `frames` frames of a stream to `path` as H.264 in MP4. Raises `ClipError`."""
    output = ffmpeg.output(stream, str(path), vframes=frames, r=frame_rate, g=frame_rate, **_H264)
    await _run(output.global_args("-filter_complex_threads", "1"), path, ffmpeg_path)


async def save_first_frame(video: Path, picture: Path, ffmpeg_path: str) -> None:
    """Write the first frame of a video; the picture's extension chooses the format. Raises `ClipError`."""
    await _run(ffmpeg.input(str(video)).output(str(picture), vframes=1), picture, ffmpeg_path)


async def save_last_frame(video: Path, picture: Path, ffmpeg_path: str) -> None:
    """Write the last frame of a video as JPEG: the first one of its reversed end. Raises `ClipError`."""
    tail = ffmpeg.input(str(video), sseof=-_TAIL_S).filter("reverse")
    await _run(tail.output(str(picture), vframes=1, **{"q:v": 2}), picture, ffmpeg_path)


async def _run(output: Any, path: Path, ffmpeg_path: str) -> None:  # noqa: ANN401 - ffmpeg-python has no types
    quiet = output.global_args("-hide_banner", "-nostdin", "-loglevel", "error")
    command = ffmpeg.compile(quiet, cmd=ffmpeg_path, overwrite_output=True)
    code, complaint = await _finish(command)
    if code != 0:
        last = (complaint.strip().splitlines() or ["no reason given"])[-1]
        msg = f"{ffmpeg_path} could not write {path.name} (exit code {code}): {last[:_SHOWN_CHARACTERS]!a}"
        raise ClipError(msg)


async def _finish(command: list[str]) -> tuple[int | None, str]:
    """Run a command to its end, or kill it when the waiting is cancelled; return exit code and complaints."""
    try:
        # A session of its own: Ctrl-C reaches this program, which ends ffmpeg, and not ffmpeg first.
        process = await start_child(command, pipes=["stderr"], env=environment())
    except OSError as error:
        msg = f"{command[0]} cannot be run: {error.strerror}: install ffmpeg, or the package imageio-ffmpeg"
        raise ClipError(msg) from error
    try:
        _, complaint = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode, complaint.decode("utf-8", "replace")
