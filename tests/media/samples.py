"""Films and pictures of every kind, made in memory, each once a session."""

from __future__ import annotations

import io
import struct
import tempfile
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
from PIL import Image, ImageDraw

WIDTH, HEIGHT, RATE, FRAMES = 96, 64, 24, 24
FRAGMENTED = "frag_keyframe+empty_moov+default_base_moof"
# Turns of the display matrix (ISO/IEC 14496-12 §8.3.2.3): its a, b, c, d as 16.16 numbers.
_TURNS = {90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}
_MATRIX_AT = 44  # from a version 0 tkhd's type on


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """What a film is to be; a keyframe every six frames."""

    extension: str = "mp4"
    codec: str = "libx264"
    movflags: str = ""
    b_frames: int = 0
    is_uneven: bool = False
    """Each frame is shown longer than the one before."""
    has_sound: bool = False
    frames: int = FRAMES


FILMS = {
    "mp4": Film(),
    "index first": Film(movflags="faststart"),
    "B-frames and an edit list": Film(b_frames=2),
    "sound": Film(has_sound=True, movflags="faststart"),
    "uneven": Film(is_uneven=True),
    "one frame": Film(frames=1),
    "mov": Film(extension="mov"),
    "webm": Film(extension="webm", codec="libvpx"),
    "vp9": Film(extension="webm", codec="libvpx-vp9"),
    "mkv": Film(extension="mkv", has_sound=True),
    "fragments": Film(movflags=FRAGMENTED),
    "fragments and index": Film(movflags=f"{FRAGMENTED}+global_sidx"),
}
PICTURES = ("JPEG", "PNG", "WEBP", "AVIF", "GIF")


@cache
def film(recipe: Film = Film()) -> bytes:
    """Return the bytes of a film."""
    # A file, not memory: to put the index first, FFmpeg opens what it wrote a second time, by its name.
    with tempfile.NamedTemporaryFile(suffix=f".{recipe.extension}") as file:
        options = {"movflags": recipe.movflags} if recipe.movflags else {}
        with av.open(file.name, "w", options=options) as container:
            _write(container, recipe)
        return Path(file.name).read_bytes()


@cache
def turned(degrees: int) -> bytes:
    """Return a film that players turn by 90, 180 or 270 degrees."""
    data = bytearray(film())
    at = data.index(b"tkhd") + _MATRIX_AT
    a, b, c, d = (value << 16 for value in _TURNS[degrees])
    struct.pack_into(">9i", data, at, a, b, 0, c, d, 0, 0, 0, 1 << 30)
    return bytes(data)


@cache
def promising_fragments() -> bytes:
    """Return a fragmented film that says beforehand how long it is, by a `mehd` (ISO/IEC 14496-12 §8.8.2)."""
    data = film(FILMS["fragments"])
    header, extends = data.index(b"mvhd"), data.index(b"mvex")
    (timescale,) = struct.unpack_from(">I", data, header + 16)
    promise = struct.pack(">I4sII", 16, b"mehd", 0, timescale * FRAMES // RATE)
    grown = bytearray(data[: extends + 4] + promise + data[extends + 4 :])
    for box in (data.index(b"moov"), extends):
        (size,) = struct.unpack_from(">I", data, box - 4)
        struct.pack_into(">I", grown, box - 4, size + len(promise))
    return bytes(grown)


@cache
def picture(form: str = "JPEG", width: int = WIDTH, height: int = HEIGHT) -> bytes:
    """Return the bytes of a picture; a GIF has two frames."""
    buffer = io.BytesIO()
    first = draw(0, width, height)
    if form == "GIF":
        first.save(buffer, form, save_all=True, append_images=[draw(12, width, height)])
    else:
        first.save(buffer, form)
    return buffer.getvalue()


def draw(index: int, width: int = WIDTH, height: int = HEIGHT) -> Image.Image:
    """Return a frame of the film: a bar that crosses a ground of many colours."""
    sides = (width, height)
    red = Image.linear_gradient("L").resize(sides)
    green = Image.radial_gradient("L").resize(sides)
    image = Image.merge("RGB", (red, green, red.transpose(Image.Transpose.ROTATE_180)))
    left = (width - width // 4) * index // FRAMES
    ImageDraw.Draw(image).rectangle(
        (left, height // 4, left + width // 4, 3 * height // 4), fill=(250, 240, 90)
    )
    return image


def top_boxes(data: bytes) -> list[tuple[bytes, int]]:
    """Return type and end of each box at the top level, by the letter of ISO/IEC 14496-12 §4.2."""
    found, at = [], 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        found.append((data[at + 4 : at + 8], at + size))
        at += size
    return found


def _write(container: av.container.OutputContainer, recipe: Film) -> None:
    options = {"bf": str(recipe.b_frames), "g": "6"} if recipe.codec == "libx264" else {}
    video = container.add_stream(recipe.codec, rate=RATE, options=options)
    assert isinstance(video, av.VideoStream)
    video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    video.codec_context.thread_count = 1
    sound = (
        container.add_stream("aac" if recipe.codec == "libx264" else "libopus", rate=48_000)
        if recipe.has_sound
        else None
    )
    for index in range(recipe.frames):
        frame: av.VideoFrame = av.VideoFrame.from_image(draw(index))  # type: ignore[no-untyped-call]  # as PyAV has it
        frame.pts = index * (index + 1) // 2 if recipe.is_uneven else index
        frame.time_base = Fraction(1, RATE)
        container.mux(video.encode(frame))
    container.mux(video.encode(None))
    if sound:
        _write_sound(container, sound, recipe.frames / RATE)


def _write_sound(container: av.container.OutputContainer, stream: av.AudioStream, length_s: float) -> None:
    samples = 1024
    for index in range(int(length_s * 48_000) // samples):
        frame = av.AudioFrame(format="fltp", layout="stereo", samples=samples)
        for number, plane in enumerate(frame.planes):
            plane.update(bytes([number, 0x30, 0x20, 0x3C]) * samples)
        frame.sample_rate, frame.pts, frame.time_base = 48_000, index * samples, Fraction(1, 48_000)
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))
