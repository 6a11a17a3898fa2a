"""Real clips, made on this machine: what a generation's four assets are, and what is true of them."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import ffmpeg
from PIL import Image

from archiver.demo.encoding import encode, save_first_frame, save_last_frame
from archiver.demo.looks import moving_picture
from archiver.demo.plan import DemoGeneration
from archiver.domain.checks import MediaKind
from archiver.domain.identity import GenerationId
from archiver.media.ffmpeg import locate_ffmpeg

THUMBNAIL_KINDS = (MediaKind.JPEG, MediaKind.PNG, MediaKind.WEBP)
"""The forms of a thumbnail, the preferred one first."""
_PALETTE_SIDE = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipOptions:
    """What clips to make, and how. The defaults are the service's own: 5.041667 s at 24 frames a second."""

    width: int = 1360
    height: int = 752
    frames: int = 121
    frame_rate: int = 24
    # Each ffmpeg keeps to one thread; two keep a small machine busy and leave a large one responsive.
    concurrency: int = 2
    ffmpeg_path: str | None = None
    """The ffmpeg to use; None is the one on PATH, or else imageio-ffmpeg's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """One generation's files, and the facts that the service states about them."""

    video: Path
    """The watermarked file, or `video_raw` itself."""
    video_raw: Path
    last_frame: Path
    thumbnails: Mapping[MediaKind, Path]
    """The first frame as JPEG, PNG and WebP."""
    palette: bytes
    """The thumbnail's 5x5 averages, RGB, row by row: 75 bytes."""
    width: int
    height: int
    frames: int
    frame_rate: int

    @property
    def duration_s(self) -> float:
        """The length, rounded to six digits as the service does."""
        return round(self.frames / self.frame_rate, 6)

    @property
    def palette_grid(self) -> str:
        """The palette in base64."""
        return b64encode(self.palette).decode("ascii")


OnClip = Callable[[DemoGeneration, Clip], None]
"""Told of each clip as it is done."""


async def make_clips(
    plan: Sequence[DemoGeneration],
    folder: Path,
    on_clip: OnClip | None = None,
    options: ClipOptions | None = None,
) -> dict[GenerationId, Clip]:
    """Make the clips of all generations that did not fail, in `folder`, which exists.

    Cancelling kills the ffmpeg processes. Raises `ClipError` when ffmpeg cannot make one.
    """
    chosen = options or ClipOptions()
    places = asyncio.Semaphore(chosen.concurrency)
    ffmpeg_path = chosen.ffmpeg_path or locate_ffmpeg()

    async def make(generation: DemoGeneration) -> tuple[GenerationId, Clip]:
        async with places:
            clip = await _make_clip(generation, folder / generation.id, chosen, ffmpeg_path)
        if on_clip:
            on_clip(generation, clip)
        return generation.id, clip

    tasks = [asyncio.create_task(make(each)) for each in plan if each.failure_reason is None]
    try:
        return dict(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _make_clip(
    generation: DemoGeneration, folder: Path, options: ClipOptions, ffmpeg_path: str
) -> Clip:
    await asyncio.to_thread(folder.mkdir, exist_ok=True)
    video, video_raw = await _make_videos(generation, folder, options, ffmpeg_path)
    first, last = folder / "thumbnail.png", folder / "video_0_last_frame.jpg"
    await save_first_frame(video_raw, first, ffmpeg_path)
    await save_last_frame(video_raw, last, ffmpeg_path)
    thumbnails, palette = await asyncio.to_thread(_finish_thumbnails, first)
    return Clip(
        video=video,
        video_raw=video_raw,
        last_frame=last,
        thumbnails=thumbnails,
        palette=palette,
        width=options.width,
        height=options.height,
        frames=options.frames,
        frame_rate=options.frame_rate,
    )


async def _make_videos(
    generation: DemoGeneration, folder: Path, options: ClipOptions, ffmpeg_path: str
) -> tuple[Path, Path]:
    """Return `video` and `video_raw`: one path, or a watermarked one and the clean one."""
    raw, marked = folder / "video0.mp4", folder / "watermarked_video0.mp4"
    picture = moving_picture(
        generation.number, (options.width, options.height), options.frames, options.frame_rate
    )
    encode_as = partial(encode, frames=options.frames, frame_rate=options.frame_rate, ffmpeg_path=ffmpeg_path)
    await encode_as(picture, raw)
    if not generation.is_watermarked:
        return raw, raw
    await encode_as(_watermark(ffmpeg.input(str(raw))), marked)
    return marked, raw


def _watermark(stream: Any) -> Any:  # noqa: ANN401 - ffmpeg-python has no types
    """Draw a badge into the lower right corner: boxes, for writing would need a font."""
    badge = {"x": "iw*0.86", "y": "ih*0.88", "w": "iw*0.11", "h": "ih*0.07", "t": "fill"}
    bar = badge | {"x": "iw*0.88", "y": "ih*0.91", "w": "iw*0.07", "h": "ih*0.01"}
    return stream.filter("drawbox", color="black@0.5", **badge).filter("drawbox", color="white@0.8", **bar)


def _finish_thumbnails(png: Path) -> tuple[dict[MediaKind, Path], bytes]:
    """Write the PNG's picture as JPEG and WebP, too; return all three, and the palette."""
    paths = {kind: png.with_suffix(f".{kind.extension}") for kind in THUMBNAIL_KINDS}
    with Image.open(png) as file:
        picture = file.convert("RGB")
    picture.save(paths[MediaKind.JPEG], quality=90)
    # Method 0, the fastest: four times as fast as the default, and a demo's picture may be a little larger.
    picture.save(paths[MediaKind.WEBP], quality=85, method=0)
    # A box filter is an exact average over each of the 25 fields.
    return paths, picture.resize((_PALETTE_SIDE, _PALETTE_SIDE), Image.Resampling.BOX).tobytes()
