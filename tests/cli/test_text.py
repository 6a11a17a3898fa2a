"""What is shown on a terminal cannot take it over."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.cli.text import clean


@given(st.text(st.characters()))
def test_shown_text_is_one_printable_line(text: str) -> None:
    """No control character, escape sequence, line end or direction mark gets through, surrogates included."""
    assert clean(text).isprintable()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("straße 猫 ünïcode", "straße 猫 ünïcode"),
        ("\x1b[2Jgone", "\\x1b[2Jgone"),
        ("one\ntwo\r\x00", "one\\ntwo\\r\\x00"),
        ("gpj.\u202eexe", "gpj.\\u202eexe"),
        ("bad\udcff", "bad\\udcff"),
    ],
)
def test_what_is_not_visible_is_escaped_and_the_rest_left(text: str, shown: str) -> None:
    """A prompt in any language stays readable."""
    assert clean(text) == shown
