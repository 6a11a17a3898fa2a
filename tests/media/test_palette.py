"""A picture's palette is its own 5x5 averages, whatever its format and size."""

from __future__ import annotations

import io
from statistics import fmean

import pytest
from PIL import Image

from archiver.domain.checks import Measurement, palette_distance
from tests.media.conftest import Look
from tests.media.samples import draw, picture

_SIDE = 5


def _averages(data: bytes) -> list[float]:
    """Return the averages of the 25 cells, pixel by pixel; the sides are multiples of five."""
    with Image.open(io.BytesIO(data)) as opened:
        image = opened.convert("RGB")
    width, height = image.width // _SIDE, image.height // _SIDE
    found: list[float] = []
    for cell in range(_SIDE * _SIDE):
        left, top = cell % _SIDE * width, cell // _SIDE * height
        pixels = image.crop((left, top, left + width, top + height)).tobytes()
        found += [fmean(pixels[channel::3]) for channel in range(3)]
    return found


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "AVIF", "GIF"])
@pytest.mark.parametrize("sides", [(100, 70), (1360, 750), (400, 300), (35, 25)])
def test_a_palette_is_the_averages_of_25_cells(look: Look, form: str, sides: tuple[int, int]) -> None:
    """Within two levels: a large JPEG is decoded at a quarter of its sides."""
    data = picture(form, *sides)
    found = look(data)
    assert isinstance(found, Measurement)
    assert found.palette is not None
    assert max(abs(a - b) for a, b in zip(found.palette, _averages(data), strict=True)) <= 2


def test_palettes_of_other_pictures_are_far_apart(look: Look) -> None:
    """Or the advisory check could not fail."""
    one, other = look(picture("PNG")), look(picture("PNG", 25, 400))
    assert isinstance(one, Measurement)
    assert isinstance(other, Measurement)
    assert one.palette is not None
    assert palette_distance(one.palette, draw(20).rotate(180).resize((5, 5)).tobytes()) > 12


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "LA", "1", "CMYK"])
def test_pictures_of_other_colour_models_have_a_palette_of_rgb(look: Look, mode: str) -> None:
    """Three bytes a cell, always; and no warning of Pillow's."""
    buffer = io.BytesIO()
    draw(0).convert(mode).save(buffer, "JPEG" if mode == "CMYK" else "PNG")
    found = look(buffer.getvalue())
    assert isinstance(found, Measurement)
    assert found.palette is not None
    assert len(found.palette) == 75
