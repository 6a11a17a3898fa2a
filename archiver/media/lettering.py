"""Text in pictures: any Unicode, in the fonts that there are.

Pillow's own font has basic Latin alone. What it lacks is looked for among the machine's fonts; what none of
them has is written as an escape (U+732B as Python writes it), which says more than an empty box. So pages
with such text are the same only where the fonts are.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import groupby
from pathlib import Path

from PIL import ImageDraw, ImageFont

from archiver.domain.errors import UsageError

Colour = tuple[int, int, int]
Run = tuple[ImageFont.FreeTypeFont, str]

# XDG Base Directory, as fontconfig has it, and macOS's own.
_FOLDERS = (
    *("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts"),
    *("/System/Library/Fonts", "/Library/Fonts", "~/Library/Fonts"),
)
_EXTENSIONS = {".ttf", ".otf", ".ttc"}
# Plain and of many signs; the others come after them by their names.
_PREFERRED = (
    *("dejavusans.", "notosans-regular", "liberationsans-regular", "notosanscjk-regular", "sourcehansans"),
    *("droidsansfallback", "wqy", "arial unicode", "hiragino", "pingfang", "notosans", "unifont"),
)
_STYLED = ("bold", "italic", "oblique", "condensed", "light", "mono", "serif")
# A machine may have thousands; to look into each for one sign would take seconds.
_MOST_FONTS = 64
_ELLIPSIS = "…"
# No character, whatever the font (Unicode 16 §23.7): drawn as every sign is that a font lacks.
_NO_CHARACTER = "\U000ffffe"
_PROBE_PIXELS = 20


def find_fonts() -> list[Path]:
    """Return the machine's font files, those that should be tried first first; the same each time."""
    found = {
        Path(folder) / name
        for root in _FOLDERS
        for folder, _, names in os.walk(Path(root).expanduser())
        for name in names
        if Path(name).suffix.lower() in _EXTENSIONS
    }
    return sorted(found, key=_rank)[:_MOST_FONTS]


class Lettering:
    """Draws lines of text and breaks texts into lines; sizes are in pixels. `fonts` are tried in order."""

    def __init__(self, fonts: Sequence[Path]) -> None:
        self._faces = [_Face(None), *map(_Face, fonts)]

    def draw(
        self, draw: ImageDraw.ImageDraw, place: tuple[float, float], text: str, size: int, colour: Colour
    ) -> None:
        """Draw one line; `place` is the left end of what it stands on."""
        left, base = place
        for font, part in self._runs(self._drawable(text), size):
            draw.text((left, base), part, font=font, fill=colour, anchor="ls")
            left += font.getlength(part)

    def width(self, text: str, size: int) -> float:
        """Return how wide a line is."""
        return sum(font.getlength(part) for font, part in self._runs(self._drawable(text), size))

    def wrap(self, text: str, width: float, lines: int, size: int) -> list[str]:
        """Return a text as at most so many lines of at most this width; an ellipsis stands for the rest.

        A word that is too long is broken. White space, line ends too, is one space.
        """
        # No sign is narrower than a tenth of its height: what cannot be seen is not measured.
        seen = int(lines * width * 10 / size) + 1
        words = self._drawable(text[:seen]).split()
        broken: list[str] = []
        while words and len(broken) < lines:
            broken.append(self._take_line(words, width, size))
        if (words or len(text) > seen) and broken:
            broken[-1] = self._ellipsized(broken[-1], width, size)
        return broken

    def _take_line(self, words: list[str], width: float, size: int) -> str:
        """Take the words of one line from the start of `words`, which are drawable; at least a letter."""
        line = words.pop(0)
        if self._measure(line, size) > width:
            fits = max(1, self._fitting(line, width, size))
            words.insert(0, line[fits:])
            return line[:fits]
        while words and self._measure(f"{line} {words[0]}", size) <= width:
            line = f"{line} {words.pop(0)}"
        return line

    def _ellipsized(self, line: str, width: float, size: int) -> str:
        room = width - self.width(_ELLIPSIS, size)
        return line[: self._fitting(line, room, size)].rstrip() + _ELLIPSIS

    def _fitting(self, line: str, width: float, size: int) -> int:
        """Return how many letters of a line have room."""
        count = len(line)
        while count and self._measure(line[:count], size) > width:
            # Halves while it is far too long: a word may have thousands of letters.
            count = count // 2 if self._measure(line[: count // 2], size) > width else count - 1
        return count

    def _measure(self, drawable: str, size: int) -> float:
        return sum(font.getlength(part) for font, part in self._runs(drawable, size))

    def _drawable(self, text: str) -> str:
        """Return a text with escapes for what cannot be drawn."""
        composed = unicodedata.normalize("NFC", " ".join(text.split()))
        return "".join(sign if self._face_of(sign) else ascii(sign)[1:-1] for sign in composed)

    def _runs(self, drawable: str, size: int) -> Iterator[Run]:
        """Give the parts of a line, each with its font: one font for all of it, if one has it all."""
        signs = set(drawable)
        whole = next((face for face in self._faces if all(map(face.has, signs))), None)
        for face, part in groupby(drawable, key=lambda sign: whole or self._face_of(sign)):
            font = face.at(size) if face else None
            if font:
                yield font, "".join(part)

    def _face_of(self, sign: str) -> _Face | None:
        if not sign.isprintable():
            return None
        return next((face for face in self._faces if face.has(sign)), None)


class _Face:
    """A font in all its sizes; Pillow's own without a path."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.at = cache(self._at)
        self.has = cache(self._has)

    def _at(self, size: int) -> ImageFont.FreeTypeFont | None:
        """Return the font in a size; None where the file is none, or has only other sizes."""
        if self._path is None:
            return _own_font(size)
        try:
            return ImageFont.truetype(str(self._path), size)
        except (OSError, ValueError):
            return None

    def _has(self, sign: str) -> bool:
        font = self.at(_PROBE_PIXELS)
        if font is None:
            return False
        return sign == " " or bytes(font.getmask(sign)) != bytes(font.getmask(_NO_CHARACTER))


def _own_font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    if isinstance(font, ImageFont.FreeTypeFont):
        return font
    msg = "this Pillow cannot draw text (it was built without FreeType): reinstall pillow from PyPI"
    raise UsageError(msg)


def _rank(path: Path) -> tuple[int, int, str]:
    name = path.name.lower()
    place = next((place for place, start in enumerate(_PREFERRED) if name.startswith(start)), len(_PREFERRED))
    return sum(style in name for style in _STYLED), place, str(path)
