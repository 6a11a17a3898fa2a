"""Films of which every frame shows its own number, so that a test sees which frames are left of one."""

from __future__ import annotations

import io
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
from PIL import Image, ImageDraw

_BITS = 8
WIDTH, HEIGHT = 160, 96


@cache
def numbered_film(frames: int = 121, *, rate: int = 24, form: str = "mp4", b_frames: int = 0) -> bytes:
    """Return a film of 160x96: eight bars a frame, white where a bit of its number (up to 255) is set."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=form) as container:
        stream = container.add_stream("libx264", rate=rate, options={"bf": str(b_frames), "g": "12"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.thread_count = 1
        for number in range(frames):
            frame: av.VideoFrame = av.VideoFrame.from_image(_draw(number))  # type: ignore[no-untyped-call]  # as PyAV has it
            frame.pts, frame.time_base = number, Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return buffer.getvalue()


def numbers_in(path: Path) -> list[int]:
    """Return the numbers of a film's frames, in the order in which they are shown."""
    return [number_of(picture) for picture in pictures_of(path)]


def pictures_of(path: Path) -> Iterator[Image.Image]:
    """Give a film's frames."""
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            yield frame.to_image()  # type: ignore[no-untyped-call]  # as PyAV has it


def opened(path: Path) -> Image.Image:
    """Return a picture, its file closed."""
    with Image.open(path) as picture:
        picture.load()
        return picture


def number_of(picture: Image.Image) -> int:
    """Return the number that a frame shows, whatever its size."""
    row = picture.convert("L").resize((_BITS, 1), Image.Resampling.BOX).tobytes()
    return sum(1 << bit for bit, level in enumerate(row) if level > 127)


def _draw(number: int) -> Image.Image:
    image = Image.new("RGB", (WIDTH, HEIGHT))
    draw, bar = ImageDraw.Draw(image), WIDTH // _BITS
    for bit in range(_BITS):
        if number >> bit & 1:
            draw.rectangle((bit * bar, 0, (bit + 1) * bar - 1, HEIGHT), fill=(255, 255, 255))
    return image
