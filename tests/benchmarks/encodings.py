"""True encodings, made with ffmpeg: clips of about as many bytes as are wanted, and their pictures."""

from __future__ import annotations

import asyncio
import io
import os
from dataclasses import dataclass
from pathlib import Path

import ffmpeg
from PIL import Image

from archiver.demo.encoding import save_first_frame, save_last_frame
from archiver.demo.looks import moving_picture
from archiver.media.ffmpeg import locate_ffmpeg

_PALETTE_SIDE = 5
# What is left free is filled for each generation with bytes of its own. The index takes some bytes a frame.
_FULLNESS = 0.92
_CONTAINER_BYTES = 5_000
# One thread each, and bitexact: the same ffmpeg writes the same bytes again.
_H264 = {
    "vcodec": "libx264",
    "preset": "ultrafast",
    "pix_fmt": "yuv420p",
    "movflags": "+faststart",
    "fflags": "+bitexact",
    "flags": "+bitexact",
    "threads": 1,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What a clip is to be: pixels, bytes of video; five seconds long, as the service's own are."""

    width: int
    height: int
    video_bytes: int
    frames: int = 121
    frame_rate: int = 24
    grain: int = 0
    """How strong the film grain is: what is smooth would compress to fewer bytes than are wanted."""
    picture_quality: int = 85
    """Of the JPEGs, as image hosts give them out; grain of more would make them larger than any host's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """One true encoding: the bytes of its files, and the 5x5 averages of its first frame."""

    video: bytes
    thumbnail: bytes
    last_frame: bytes
    palette: bytes


async def make_encodings(recipe: Recipe, count: int, folder: Path) -> list[Encoding]:
    """Make `count` different clips in `folder`. Raises `RuntimeError` where ffmpeg cannot."""
    places = asyncio.Semaphore(os.cpu_count() or 1)
    program = locate_ffmpeg()

    async def make(number: int) -> Encoding:
        async with places:
            return await _make(recipe, number, folder, program)

    return await asyncio.gather(*map(make, range(count)))


async def _make(recipe: Recipe, number: int, folder: Path, program: str) -> Encoding:
    video, first, last = (folder / f"{number}-{name}" for name in ("video.mp4", "first.png", "last.png"))
    await _encode(recipe, number, video, program)
    await save_first_frame(video, first, program)
    await save_last_frame(video, last, program)
    return Encoding(
        video=video.read_bytes(),
        thumbnail=_as_jpeg(first, recipe.picture_quality),
        last_frame=_as_jpeg(last, recipe.picture_quality),
        palette=_palette_of(first),
    )


async def _encode(recipe: Recipe, number: int, path: Path, program: str) -> None:
    size = (recipe.width, recipe.height)
    picture = moving_picture(number, size, recipe.frames, recipe.frame_rate)
    if recipe.grain:
        picture = picture.filter("noise", alls=recipe.grain, allf="t", all_seed=number)
    room = _FULLNESS * recipe.video_bytes - _CONTAINER_BYTES
    rate = int(room * 8 * recipe.frame_rate / recipe.frames)
    bounds = {"video_bitrate": rate, "maxrate": rate, "bufsize": rate // 2}
    times = {"vframes": recipe.frames, "r": recipe.frame_rate, "g": recipe.frame_rate}
    output = ffmpeg.output(picture, str(path), **times, **bounds, **_H264)
    output = output.global_args(
        "-filter_complex_threads", "1", "-hide_banner", "-nostdin", "-loglevel", "error"
    )
    process = await asyncio.create_subprocess_exec(
        *ffmpeg.compile(output, cmd=program, overwrite_output=True), stderr=asyncio.subprocess.PIPE
    )
    _, complaint = await process.communicate()
    if process.returncode:
        msg = f"{program} could not write {path.name}: {complaint.decode(errors='replace')[-200:]!a}"
        raise RuntimeError(msg)


def _as_jpeg(frame: Path, quality: int) -> bytes:
    jpeg = io.BytesIO()
    with Image.open(frame) as file:
        file.convert("RGB").save(jpeg, "JPEG", quality=quality)
    return jpeg.getvalue()


def _palette_of(frame: Path) -> bytes:
    """Return a frame's 5x5 averages: RGB, row by row."""
    with Image.open(frame) as file:
        picture = file.convert("RGB")
    return picture.resize((_PALETTE_SIDE, _PALETTE_SIDE), Image.Resampling.BOX).tobytes()
