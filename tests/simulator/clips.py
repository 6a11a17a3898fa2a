"""Small real clips and pictures with their facts known, made once and kept in memory."""

from __future__ import annotations

import hashlib
import io
import struct
import tempfile
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
from PIL import Image, ImageDraw

# Encoding is what costs: seeds beyond these share pictures, and differ in a `free` box or a comment.
_SCENES = 8
_BOX_HEADER_BYTES = 8
_IMAGE_DESCRIPTION = 0x010E


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What a clip is to be; pixels, and frames a second. Another seed gives other bytes."""

    seed: int = 0
    width: int = 64
    height: int = 48
    frames: int = 24
    rate: int = 24
    noise: bool = False
    """Every frame is noise: many bytes a frame."""
    faststart: bool = False
    """The index stands first: then a file that was cut still opens, and only its frames are missing."""
    watermarked: bool = False
    """`video` is another file than `video_raw`, with a mark in each frame."""
    picture: str = "JPEG"
    """What the thumbnail is: JPEG, PNG, WEBP or AVIF."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """A file and its facts; `duration_s` and `frames` of a clip, `palette` (5x5 RGB) of a picture."""

    data: bytes
    media_type: str
    width: int
    height: int
    duration_s: float | None = None
    frames: int | None = None
    palette: bytes | None = None

    @property
    def sha256(self) -> str:
        """The SHA-256 of the data, in hex."""
        return hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """The files of one generation."""

    video: Media
    video_raw: Media
    thumbnail: Media
    last_frame: Media

    def padded_to(self, size: int, *, seed: int = 0) -> Clip:
        """Return it with videos of `size` bytes, which still play. Raises `ValueError` as `pad` does."""
        raw = pad(self.video_raw, size, seed=seed)
        video = raw if self.video is self.video_raw else pad(self.video, size, seed=seed)
        return replace(self, video=video, video_raw=raw)


def pad(media: Media, size: int, *, seed: int = 0) -> Media:
    """Return an MP4 of `size` bytes: with a `free` box at its end (ISO/IEC 14496-12 §8.1.2).

    Its filling never repeats, so that a splice at a wrong offset shows. Raises `ValueError` where the file
    is too long already.
    """
    filling = size - len(media.data) - _BOX_HEADER_BYTES
    if filling < 0:
        msg = f"a file of {len(media.data)} bytes cannot be padded to {size}"
        raise ValueError(msg)
    return replace(media, data=media.data + _free_box(hashlib.shake_128(b"%d" % seed).digest(filling)))


@cache
def make_clip(recipe: Recipe = Recipe()) -> Clip:
    """Return the clip of a recipe, the same object each time."""
    raw = _video(replace(recipe, watermarked=False))
    frames = [_draw(recipe, index) for index in (0, recipe.frames - 1)]
    return Clip(
        video=_video(recipe) if recipe.watermarked else raw,
        video_raw=raw,
        thumbnail=_picture(frames[0], recipe.picture, f"thumbnail {recipe.seed}"),
        last_frame=_picture(frames[1], "JPEG", f"last frame {recipe.seed}"),
    )


@cache
def _video(recipe: Recipe) -> Media:
    encoded = _encode(replace(recipe, seed=recipe.seed % _SCENES, picture="JPEG"))
    return Media(
        data=encoded + _free_box(f"seed {recipe.seed}".encode()),
        media_type="video/mp4",
        width=recipe.width,
        height=recipe.height,
        duration_s=round(recipe.frames / recipe.rate, 6),
        frames=recipe.frames,
    )


@cache
def _encode(recipe: Recipe) -> bytes:
    options = {"movflags": "+faststart"} if recipe.faststart else {}
    # A file, not memory: to put the index first, FFmpeg opens what it wrote a second time, by its name.
    with tempfile.NamedTemporaryFile(suffix=".mp4") as file:
        with av.open(file.name, "w", options=options) as container:
            # B-frames would shift the first frame's time by an edit list, and with it the duration.
            stream = container.add_stream("libx264", rate=recipe.rate, options={"bf": "0", "crf": "20"})
            stream.width, stream.height, stream.pix_fmt = recipe.width, recipe.height, "yuv420p"
            stream.codec_context.thread_count = 1
            for index in range(recipe.frames):
                container.mux(stream.encode(_frame(recipe, index)))
            container.mux(stream.encode(None))
        return Path(file.name).read_bytes()


def _frame(recipe: Recipe, index: int) -> av.VideoFrame:
    frame: av.VideoFrame = av.VideoFrame.from_image(_draw(recipe, index))  # type: ignore[no-untyped-call]  # as PyAV has it
    frame.pts, frame.time_base = index, Fraction(1, recipe.rate)
    return frame


def _draw(recipe: Recipe, index: int) -> Image.Image:
    """Draw a frame: a ground that only this scene has, and a bright bar that crosses it once."""
    width, height, scene = recipe.width, recipe.height, recipe.seed % _SCENES
    if recipe.noise:
        return Image.frombytes("RGB", (width, height), _noise(f"{scene}/{index}", 3 * width * height))
    image = Image.new("RGB", (width, height), (10 * scene, 140 - 15 * scene, 90))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, height // 2, width, height), fill=(120 - 12 * scene, 40, 15 * scene))
    bar = width // 4
    left = (width - bar) * index // max(recipe.frames - 1, 1)
    draw.rectangle((left, 0, left + bar - 1, height // 3), fill=(255, 255, 200))
    if recipe.watermarked:
        draw.rectangle((width - 12, height - 8, width - 4, height - 4), fill=(255, 0, 255))
    return image


def _picture(image: Image.Image, form: str, comment: str) -> Media:
    exif = Image.Exif()  # the one place for a comment that all four formats have
    exif[_IMAGE_DESCRIPTION] = comment
    buffer = io.BytesIO()
    # PNG has no such setting; the others' own defaults blur small pictures.
    image.save(buffer, form, exif=exif, **({} if form == "PNG" else {"quality": 92}))
    return Media(
        data=buffer.getvalue(),
        media_type=f"image/{form.lower()}",
        width=image.width,
        height=image.height,
        palette=image.resize((5, 5), Image.Resampling.BOX).tobytes(),
    )


def _noise(name: str, size: int) -> bytes:
    return hashlib.shake_128(name.encode()).digest(size)


def _free_box(filling: bytes) -> bytes:
    return struct.pack(">I4s", _BOX_HEADER_BYTES + len(filling), b"free") + filling
