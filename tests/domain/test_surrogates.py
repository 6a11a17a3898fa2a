"""A text that was cut within an emoji: the rest of the answer is worth having."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.domain.answer import read_answer
from archiver.domain.identity import parse_id
from archiver.domain.surrogates import without_halves


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        (rb'"cat \ud83d dance"', "cat \ufffd dance"),
        (rb'"\ud83d\ud83c\udfac\udfac"', "\ufffd\U0001f3ac\ufffd"),
        (rb'"\\ud83d \\\ud83d"', "\\ud83d \\\ufffd"),
        (rb'"\ud83c\udfac"', "\U0001f3ac"),
    ],
)
def test_half_a_character_becomes_the_one_that_stands_for_what_is_lost(text: bytes, meant: str) -> None:
    """Pairs stay, and so does a backslash that only looks like the start of one."""
    assert msgspec.json.decode(without_halves(text)) == meant


@given(st.text())
def test_what_is_whole_stays_to_the_letter(text: str) -> None:
    """Answers are kept verbatim."""
    for data in (json.dumps(text).encode(), msgspec.json.encode(text)):
        assert without_halves(data) == data


@given(st.text(st.characters(categories=["Cs", "L", "P"])))
def test_whatever_halves_there_are_the_rest_is_read(text: str) -> None:
    """Python writes them as it has them."""
    known = parse_id("g-1")
    body = json.dumps({"id": "g-1", "state": "failed", "failure_reason": text}).encode()
    found = read_answer(body, known)
    assert (found.failure_reason or "") == text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
