"""Pictures, through Pillow: really decoded, for a cut shows only then.

Width and height are those of the picture as it is shown, an EXIF orientation applied: so a picture and its
film, whose rotation is applied as well, have one shape, and metadata speak of shapes that people see.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from PIL import (
    AvifImagePlugin,
    GifImagePlugin,
    Image,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    WebPImagePlugin,
)

from archiver.domain.checks import Damaged, Measurement, MediaKind
from archiver.media.ends import find_end_flaw
from archiver.media.wording import one_line

T = TypeVar("T")

# The contract's: what is larger is refused before memory is taken for it.
MAX_PIXELS = 200_000_000
# Opened by their classes: `Image.open` warns at 89 megapixels and refuses at 179, by a setting of the whole
# process, and gives a JPEG with an extra picture in it to another plugin, which warns, too.
_PLUGINS: dict[MediaKind, type[ImageFile.ImageFile]] = {
    MediaKind.JPEG: JpegImagePlugin.JpegImageFile,
    MediaKind.PNG: PngImagePlugin.PngImageFile,
    MediaKind.WEBP: WebPImagePlugin.WebPImageFile,
    MediaKind.AVIF: AvifImagePlugin.AvifImageFile,
    MediaKind.GIF: GifImagePlugin.GifImageFile,
}
# What Pillow's decoders raise on bytes that are not what they should be; it documents no common root.
_DECODING_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    EOFError,
    RuntimeError,
    struct.error,
    Image.DecompressionBombError,
    Warning,
)
_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_FIRST_QUARTER_TURN = 5
_PALETTE_SIDES = (5, 5)
# With fewer pixels a side, the edges of 5x5 cells would fall within pixels, and the averages be off.
_LEAST_SIDE = 80


def inspect_picture(path: Path, kind: MediaKind) -> Measurement | Damaged:
    """Decode a picture and measure it; a JPEG at a quarter of its sides, which still reads all of it.

    An eighth would save a little time, and put the palette off by four levels where edges are hard.

    Raises `OSError` where the disk fails, and `MemoryError`.
    """
    return _decode(path, kind, partial(_measure, kind))


def find_picture_error(path: Path, kind: MediaKind) -> str | None:
    """Decode every pixel of every frame; return what went wrong, or None.

    Raises `OSError`, `MemoryError`.
    """
    found = _decode(path, kind, _load_all)
    return found.reason if isinstance(found, Damaged) else None


def scale_to_grey(path: Path, kind: MediaKind, sides: tuple[int, int]) -> bytes | None:
    """Return a picture as 8-bit grey of these sides, row by row; None where it does not decode.

    Raises `OSError`.
    """

    def scale(picture: ImageFile.ImageFile) -> bytes:
        turned = _turn(picture, _orientation(picture))
        return turned.convert("L").resize(sides, Image.Resampling.BOX).tobytes()

    found = _decode(path, kind, scale)
    return None if isinstance(found, Damaged) else found


def rgb_to_grey(pixels: bytes, sides: tuple[int, int]) -> bytes:
    """Return 8-bit RGB pixels as 8-bit grey, row by row, as `scale_to_grey` makes it of a picture."""
    return Image.frombytes("RGB", sides, pixels).convert("L").tobytes()


def scale_to_fit(path: Path, kind: MediaKind, sides: tuple[int, int]) -> tuple[int, int, bytes] | None:
    """Return a picture, scaled down to fit into these sides: its width, height, and RGB pixels row by row.

    None where it does not decode. Raises `OSError`.
    """

    def scale(picture: ImageFile.ImageFile) -> tuple[int, int, bytes]:
        turned = _turn(_to_rgb(picture), _orientation(picture))
        turned.thumbnail(sides)
        return turned.width, turned.height, turned.tobytes()

    found = _decode(path, kind, scale)
    return None if isinstance(found, Damaged) else found


def _decode(path: Path, kind: MediaKind, read: Callable[[ImageFile.ImageFile], T]) -> T | Damaged:
    """Return what `read` makes of a picture of bearable size, or what is wrong with its bytes."""
    flaw = find_end_flaw(path, kind)
    if flaw:
        return Damaged(kind, flaw)
    try:
        with _PLUGINS[kind](path) as picture:
            width, height = picture.size
            if width * height > MAX_PIXELS:
                return Damaged(kind, f"{width}x{height} is over {MAX_PIXELS // 1_000_000} megapixels")
            return read(picture)
    except _DECODING_ERRORS as error:
        # A number is the system's: the disk fails, the picture does not.
        if isinstance(error, OSError) and error.errno is not None:
            raise
        # Pillow's decoders in C have no error of their own for it.
        if "memory" in str(error).lower():
            raise MemoryError from error
        return Damaged(kind, one_line(str(error)) or type(error).__name__)


def _measure(kind: MediaKind, picture: ImageFile.ImageFile) -> Measurement:
    width, height = picture.size
    scaled = picture.draft(None, (max(_LEAST_SIDE, width // 4), max(_LEAST_SIDE, height // 4)))
    orientation = _orientation(picture)
    # A quarter of a side is no whole number of pixels: the last of them is partly beyond the picture.
    small = _to_rgb(picture).resize(_PALETTE_SIDES, Image.Resampling.BOX, box=scaled[1] if scaled else None)
    is_turned = orientation >= _FIRST_QUARTER_TURN
    return Measurement(
        kind=kind,
        width=height if is_turned else width,
        height=width if is_turned else height,
        palette=_turn(small, orientation).tobytes(),
    )


def _load_all(picture: ImageFile.ImageFile) -> None:
    for frame in range(getattr(picture, "n_frames", 1)):
        picture.seek(frame)
        picture.load()
    picture.seek(0)


def _to_rgb(picture: Image.Image) -> Image.Image:
    if picture.mode == "RGB":
        return picture
    # By way of RGBA: Pillow warns of transparent colours that a palette loses.
    return picture.convert("RGBA").convert("RGB")


def _orientation(picture: ImageFile.ImageFile) -> int:
    """Return the EXIF orientation, 1 to 8 (EXIF 2.32 §4.6.4); 1 where there is none that is valid."""
    # Looking for EXIF decodes a PNG (its eXIf chunk may stand at the end), and a picture that was half
    # decoded then is not decoded again: what is wrong with it must come out here.
    picture.load()
    try:
        found = picture.getexif().get(_ORIENTATION)
    except _DECODING_ERRORS:
        return 1
    return found if isinstance(found, int) and found in _TURNS else 1


def _turn(picture: Image.Image, orientation: int) -> Image.Image:
    turn = _TURNS.get(orientation)
    return picture if turn is None else picture.transpose(turn)
