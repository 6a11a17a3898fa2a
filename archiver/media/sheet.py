"""A page of a contact sheet: a grid of tiles, each with a picture or some stills, and a few words."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from PIL import Image, ImageDraw

from archiver.media.lettering import Colour, Lettering

Bitmap = tuple[int, int, bytes]
"""A picture: width, height, and RGB pixels row by row."""

PAPER: Colour = (250, 250, 248)
MARK: Colour = (208, 24, 38)
"""The frame and the word of what is wrong."""
BLANK: Colour = (216, 216, 212)
"""A tile without a picture."""
_MAT: Colour = (234, 234, 231)
_INK: Colour = (24, 24, 27)
_QUIET_INK: Colour = (104, 104, 110)
_WHITE: Colour = (255, 255, 255)

# At 200 pixels an inch a page is as wide as A4 lies, and its smallest letters have 6 points.
_PAGE_WIDTH = 2400
_RESOLUTION = 200
_MARGIN, _GUTTER, _ROW_GAP = 80, 32, 44
_HEADER = 76
_TITLE, _PROMPT, _SMALL = 34, 21, 17
_PROMPT_LINES, _PROMPT_LEADING, _SMALL_LEADING = 3, 27, 24
_TEXT_GAP, _NOTE_GAP = 14, 12
_PROMPT_HEIGHT = _PROMPT_LINES * _PROMPT_LEADING
_TEXT_HEIGHT = _TEXT_GAP + _PROMPT_HEIGHT + _NOTE_GAP + 2 * _SMALL_LEADING
_FRAME, _FRAME_LINE = 7, 4
_STILL_GAP = 4
_REASON_LINES = 4
_QUALITY = 88


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One generation: its pictures, or `blank`, why there are none; a `mark` is a word for what is wrong."""

    prompt: str
    id: str
    note: str
    pictures: tuple[Bitmap, ...] = ()
    blank: str | None = None
    mark: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """How pages are divided; `shape` is width by height of the tiles' boxes."""

    columns: int
    rows: int
    shape: float = 16 / 9

    @property
    def box(self) -> tuple[int, int]:
        """The sides of the box that a tile's pictures fit into, in pixels."""
        free = _PAGE_WIDTH - 2 * _MARGIN - (self.columns - 1) * _GUTTER
        width = free // self.columns
        return width, round(width / self.shape)

    def corner(self, number: int) -> tuple[int, int]:
        """Return the upper left corner of a tile's box on its page."""
        row, column = divmod(number, self.columns)
        width, height = self.box
        return _MARGIN + column * (width + _GUTTER), _MARGIN + _HEADER + row * (
            height + _TEXT_HEIGHT + _ROW_GAP
        )

    def cell(self, stills: int) -> tuple[int, int]:
        """Return the sides that each of so many pictures has in a box."""
        across, down = _division(stills)
        width, height = self.box
        return (width - (across - 1) * _STILL_GAP) // across, (height - (down - 1) * _STILL_GAP) // down


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page: its tiles in reading order, at least one, and what stands above them."""

    title: str
    note: str
    tiles: Sequence[Tile]


def to_jpeg(page: Page, grid: Grid, lettering: Lettering) -> bytes:
    """Return a page as JPEG: the same page gives the same bytes."""
    buffer = io.BytesIO()
    picture = _draw_page(page, grid, lettering)
    picture.save(buffer, "JPEG", quality=_QUALITY, dpi=(_RESOLUTION, _RESOLUTION))
    return buffer.getvalue()


def add_to_pdf(page: Page, grid: Grid, lettering: Lettering, file: BinaryIO, *, is_first: bool) -> None:
    """Write a page at the end of a PDF, which is open for reading and writing, or begin one with it."""
    _draw_page(page, grid, lettering).save(
        file,
        "PDF",
        append=not is_first,
        quality=_QUALITY,
        resolution=float(_RESOLUTION),
        title=page.title,
        # The time of the making would make every file another.
        creationDate=None,
        modDate=None,
    )


def _draw_page(page: Page, grid: Grid, lettering: Lettering) -> Image.Image:
    _, last_top = grid.corner(len(page.tiles) - 1)
    bottom = last_top + grid.box[1] + _TEXT_HEIGHT
    picture = Image.new("RGB", (_PAGE_WIDTH, bottom + _MARGIN), PAPER)
    draw = ImageDraw.Draw(picture)
    _draw_header(page, draw, lettering)
    for number, tile in enumerate(page.tiles):
        _draw_tile(tile, _Place(picture, draw, lettering, grid.corner(number)), grid)
    return picture


def _draw_header(page: Page, draw: ImageDraw.ImageDraw, lettering: Lettering) -> None:
    base = _MARGIN + 24
    note_width = lettering.width(page.note, _PROMPT)
    room = _PAGE_WIDTH - 2 * _MARGIN - note_width - _GUTTER
    title = lettering.wrap(page.title, room, 1, _TITLE)
    lettering.draw(draw, (_MARGIN, base), "".join(title), _TITLE, _INK)
    lettering.draw(draw, (_PAGE_WIDTH - _MARGIN - note_width, base), page.note, _PROMPT, _QUIET_INK)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a tile is drawn, and with what."""

    picture: Image.Image
    draw: ImageDraw.ImageDraw
    lettering: Lettering
    corner: tuple[int, int]


def _draw_tile(tile: Tile, place: _Place, grid: Grid) -> None:
    width, height = grid.box
    left, top = place.corner
    box = (left, top, left + width - 1, top + height - 1)
    place.draw.rectangle(box, fill=_MAT if tile.pictures else BLANK)
    if tile.pictures:
        for bitmap, (x, y) in zip(tile.pictures, _spots(tile.pictures, grid), strict=True):
            still = Image.frombytes("RGB", bitmap[:2], bitmap[2])
            place.picture.paste(still, (left + x, top + y))
    else:
        _draw_reason(tile.blank or "", place, (width, height))
    if tile.mark:
        # A thin line within: a frame is seen around a red picture, too.
        place.draw.rectangle(box, outline=PAPER, width=_FRAME + _FRAME_LINE)
        place.draw.rectangle(box, outline=MARK, width=_FRAME)
        _draw_mark(tile.mark, place)
    _draw_text(tile, place, width, top + height + _TEXT_GAP)


def _spots(pictures: Sequence[Bitmap], grid: Grid) -> Iterator[tuple[int, int]]:
    """Give where in its box each picture goes: into the middle of its cell."""
    across, _ = _division(len(pictures))
    width, height = grid.cell(len(pictures))
    for number, (own_width, own_height, _) in enumerate(pictures):
        row, column = divmod(number, across)
        x, y = column * (width + _STILL_GAP), row * (height + _STILL_GAP)
        yield x + (width - own_width) // 2, y + (height - own_height) // 2


def _division(count: int) -> tuple[int, int]:
    """Return into how many columns and rows a box is divided for so many pictures."""
    across = max(1, math.ceil(math.sqrt(count)))
    return across, max(1, math.ceil(count / across))


def _draw_reason(reason: str, place: _Place, sides: tuple[int, int]) -> None:
    (left, top), (width, height), lettering = place.corner, sides, place.lettering
    lines = lettering.wrap(reason, width - 4 * _FRAME, _REASON_LINES, _SMALL)
    base = top + (height - len(lines) * _SMALL_LEADING) // 2 + _SMALL
    for number, line in enumerate(lines):
        x = left + (width - lettering.width(line, _SMALL)) / 2
        lettering.draw(place.draw, (x, base + number * _SMALL_LEADING), line, _SMALL, _INK)


def _draw_mark(word: str, place: _Place) -> None:
    left, top = place.corner
    padding = 10
    right = left + place.lettering.width(word, _SMALL) + 2 * padding
    place.draw.rectangle((left, top, right, top + _SMALL + 2 * padding), fill=MARK)
    base = top + padding + _SMALL - 2
    place.lettering.draw(place.draw, (left + padding, base), word, _SMALL, _WHITE)


def _draw_text(tile: Tile, place: _Place, width: int, top: int) -> None:
    left, _ = place.corner
    lettering = place.lettering
    for number, line in enumerate(lettering.wrap(tile.prompt, width, _PROMPT_LINES, _PROMPT)):
        base = top + number * _PROMPT_LEADING + _PROMPT
        lettering.draw(place.draw, (left, base), line, _PROMPT, _INK)
    base = top + _PROMPT_HEIGHT + _NOTE_GAP + _SMALL
    notes = ((tile.id, _QUIET_INK), (tile.note, MARK if tile.mark else _QUIET_INK))
    for number, (text, colour) in enumerate(notes):
        line = "".join(lettering.wrap(text, width, 1, _SMALL))
        lettering.draw(place.draw, (left, base + number * _SMALL_LEADING), line, _SMALL, colour)
