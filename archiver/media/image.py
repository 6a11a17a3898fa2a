"""Pictures, through Pillow: really decoded, for a cut shows only then.

Width and height are those of the stored pixels: the service's metadata describe what its encoder made, and
an EXIF orientation, which its pictures do not have, would be a viewer's business.
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image, UnidentifiedImageError

from archiver.domain.checks import Damaged, Inspection, Measurement, MediaKind

# The contract's: what is larger is refused before memory is taken for it.
MAX_PIXELS = 200_000_000
# Pillow's own limit warns, from any thread, at 89 megapixels; ours is checked before a pixel is decoded.
Image.MAX_IMAGE_PIXELS = None
_FORMATS = {
    MediaKind.JPEG: "JPEG",
    MediaKind.PNG: "PNG",
    MediaKind.WEBP: "WEBP",
    MediaKind.AVIF: "AVIF",
    MediaKind.GIF: "GIF",
}
# What Pillow's decoders raise on bytes that are not what they should be (its docs, and a fuzzer).
_DECODING_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    IndexError,
    KeyError,
    OverflowError,
    MemoryError,
    EOFError,
    ZeroDivisionError,
    AttributeError,
    RuntimeError,
)
_PALETTE_SIDE = 5
_REASON_CHARACTERS = 120


def inspect_picture(path: Path, kind: MediaKind) -> Inspection:
    """Decode a picture once, at an eighth of its size where its format allows that, and measure it.

    A JPEG decoded so is still read to its end, in two thirds of the time of a full decoding.
    """
    return _inspect(path, kind, is_draft=True)


def find_picture_error(path: Path, kind: MediaKind) -> str | None:
    """Decode every pixel of every frame; return what went wrong, or None."""
    found = _inspect(path, kind, is_draft=False)
    return found.reason if isinstance(found, Damaged) else None


def _inspect(path: Path, kind: MediaKind, *, is_draft: bool) -> Measurement | Damaged:
    try:
        with Image.open(path, formats=[_FORMATS[kind]]) as picture:
            return _measure(picture, kind, is_draft=is_draft)
    except UnidentifiedImageError:
        return Damaged(kind, "its headers cannot be read")
    except _DECODING_ERRORS as error:
        return Damaged(kind, _reason(error))


def _measure(picture: Image.Image, kind: MediaKind, *, is_draft: bool) -> Measurement | Damaged:
    width, height = picture.size
    if width * height > MAX_PIXELS:
        return Damaged(kind, f"{width}x{height} is over {MAX_PIXELS // 1_000_000} megapixels")
    if is_draft:
        picture.draft(None, (max(1, width // 8), max(1, height // 8)))
    else:
        _decode_all(picture)
    small = picture.convert("RGB").resize((_PALETTE_SIDE, _PALETTE_SIDE), Image.Resampling.BOX)
    return Measurement(kind=kind, width=width, height=height, palette=small.tobytes())


def _decode_all(picture: Image.Image) -> None:
    for frame in range(getattr(picture, "n_frames", 1)):
        picture.seek(frame)
        picture.load()
    picture.seek(0)


def _reason(error: Exception) -> str:
    text = "".join(c if c.isprintable() else " " for c in str(error)).partition(": '/")[0]
    return text[:_REASON_CHARACTERS] or type(error).__name__
