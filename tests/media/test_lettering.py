"""Text in pictures: whatever a prompt holds, it stays within its lines."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from archiver.media.lettering import Lettering, find_fonts

_OWN = Lettering([])
_SIZE, _WIDTH = 20, 300


@given(st.text(), st.integers(1, 5), st.floats(40, 800))
@settings(max_examples=60)  # each measures a text many times
def test_lines_are_as_few_and_as_short_as_asked_for(text: str, lines: int, width: float) -> None:
    """Any Unicode: nothing runs into the next tile."""
    wrapped = _OWN.wrap(text, width, lines, _SIZE)
    assert len(wrapped) <= lines
    assert all(_OWN.width(line, _SIZE) <= width for line in wrapped)


@pytest.mark.parametrize("word", ["x", "word ", "\u732b", "W" * 50 + " "])
def test_a_long_text_ends_in_an_ellipsis(word: str) -> None:
    """Who reads it knows that there is more."""
    wrapped = _OWN.wrap(word * 10_000, _WIDTH, 3, _SIZE)
    assert len(wrapped) == 3
    assert wrapped[-1].endswith("…")
    assert all(_OWN.width(line, _SIZE) > _WIDTH / 2 for line in wrapped)


def test_a_short_text_stays_as_it_is() -> None:
    """Line ends and white space are one space each."""
    assert _OWN.wrap("cat\n\n  dance\t", _WIDTH, 3, _SIZE) == ["cat dance"]
    assert _OWN.wrap("", _WIDTH, 3, _SIZE) == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\u732b", "\\u732b"),
        ("\N{CLAPPER BOARD}", "\\U0001f3ac"),
        ("a\0b\x1b[31m", "a\\x00b\\x1b[31m"),
        ("\u202egnp", "\\u202egnp"),
        ("\ud800", "\\ud800"),
    ],
)
def test_what_no_font_has_is_an_escape(text: str, shown: str) -> None:
    """An empty box would be the same for every prompt in another script."""
    assert _OWN.wrap(text, _WIDTH, 1, _SIZE) == [shown]


def test_the_machines_fonts_are_looked_through_for_what_is_missing() -> None:
    """An accent needs more than Pillow's own font."""
    fonts = [path for path in find_fonts() if path.name == "DejaVuSans.ttf"]
    if not fonts:
        pytest.skip("no DejaVu Sans on this machine")
    lettering = Lettering(fonts)
    assert lettering.wrap("Zürich, Москва", _WIDTH, 1, _SIZE) == ["Zürich, Москва"]
    assert _OWN.wrap("Zürich", _WIDTH, 1, _SIZE) == ["Z\\xfcrich"]
    # What that has not, either, is an escape beside the rest.
    assert lettering.wrap("Zürich \u732b", _WIDTH, 1, _SIZE) == ["Zürich \\u732b"]


def test_a_font_that_is_none_is_passed_over(tmp_path: Path) -> None:
    """Folders of fonts hold all kinds of files."""
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    lettering = Lettering([tmp_path / "broken.ttf", tmp_path / "gone.ttf"])
    assert lettering.wrap("\u732b", _WIDTH, 1, _SIZE) == ["\\u732b"]


def test_a_line_is_drawn_where_and_as_wide_as_it_says() -> None:
    """From the left end of what it stands on."""
    picture = Image.new("RGB", (400, 60), "white")
    _OWN.draw(ImageDraw.Draw(picture), (30, 40), "HHHH", _SIZE, (0, 0, 0))
    left, top, right, bottom = (
        Image.eval(picture.convert("L"), lambda level: 255 - level).getbbox() or (0,) * 4
    )
    assert left == pytest.approx(30, abs=3)
    assert right == pytest.approx(30 + _OWN.width("HHHH", _SIZE), abs=3)
    assert bottom == pytest.approx(40, abs=1)
    assert 40 - _SIZE < top < 40


def test_fonts_are_found_in_the_same_order_each_time() -> None:
    """Otherwise two runs would draw other pages."""
    assert find_fonts() == find_fonts()
