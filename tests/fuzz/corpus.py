"""Real media of every kind that the archiver knows, small, to be mutated."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import av
from PIL import Image

from tests.media.samples import FILMS, PICTURES, Film, draw, film, picture, promising_fragments, turned

# (extension, encoder): only those that this machine's libav has are made.
_CODECS = {
    "hevc": ("mp4", "libx265"),
    "av1": ("mp4", "libaom-av1"),
    "mpeg4": ("mp4", "mpeg4"),
}
_SAVED: Mapping[str, tuple[str, str, Mapping[str, Any]]] = {
    "progressive": ("JPEG", "RGB", {"progressive": True, "quality": 90}),
    "grey jpeg": ("JPEG", "L", {}),
    "cmyk jpeg": ("JPEG", "CMYK", {}),
    "palette png": ("PNG", "P", {}),
    "transparent png": ("PNG", "RGBA", {}),
    "deep png": ("PNG", "I;16", {}),
    "lossless webp": ("WEBP", "RGBA", {"lossless": True}),
    "animated webp": ("WEBP", "RGB", {"save_all": True}),
    "animated png": ("PNG", "RGB", {"save_all": True}),
}


@dataclass(frozen=True, slots=True)
class Sample:
    """One file of the corpus."""

    name: str
    data: bytes
    is_film: bool


@cache
def corpus() -> tuple[Sample, ...]:
    """Return the corpus, always in the same order."""
    films = {name: film(recipe) for name, recipe in FILMS.items()}
    films |= {name: film(_of(*way)) for name, way in _CODECS.items() if way[1] in av.codecs_available}
    films |= {"promising fragments": promising_fragments(), "turned": turned(90)}
    pictures = {form: picture(form) for form in PICTURES} | {
        name: _saved(*how) for name, how in _SAVED.items()
    }
    return tuple(
        [Sample(name, data, is_film=True) for name, data in films.items()]
        + [Sample(name, data, is_film=False) for name, data in pictures.items()]
    )


def _of(extension: str, codec: str) -> Film:
    return Film(extension=extension, codec=codec, frames=6)


def _saved(form: str, mode: str, options: Mapping[str, Any]) -> bytes:
    first, second = (draw(index).convert("L" if mode == "I;16" else mode) for index in (0, 12))
    if mode == "I;16":
        first = Image.frombytes("I;16", first.size, first.tobytes() * 2)
    more = {"append_images": [second]} if options.get("save_all") else {}
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    first.save(buffer, form, exif=exif, **options, **more)
    return buffer.getvalue()
