"""Captions: what a model is trained to say must be what was asked for, to the letter."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.dataset.captioning import parse_caption, refuse_caption
from archiver.dataset.sources import columns_of
from archiver.domain.errors import UsageError
from tests.dataset.examples import example

CLIP = example(
    "a", prompt="cat dance", row={"caption": "a cat, dancing", "tags": ["cat", "dance"], "take": 3}
)
COLUMNS = columns_of([CLIP])


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0")))
def test_a_prompt_is_its_caption_to_the_letter(prompt: str) -> None:
    """Newlines, braces, quotes, any script: nothing is interpreted."""
    assert parse_caption("prompt", COLUMNS)(example("a", prompt=prompt)) == prompt
    assert parse_caption("{prompt}", COLUMNS)(example("a", prompt=prompt)) == prompt
    assert refuse_caption(prompt) is None


@pytest.mark.parametrize(
    ("text", "caption"),
    [
        ("column:caption", "a cat, dancing"),
        ("{prompt} ({aspect_ratio})", "cat dance (16:9)"),
        ("{caption} / {tags} / {take}", "a cat, dancing / cat,dance / 3"),
        ("{{literal}} {width}x{height}", "{literal} 1360x752"),
        ("{failure_reason}{prompt}", "cat dance"),
    ],
)
def test_a_template_fills_in_columns(text: str, caption: str) -> None:
    """A caption is often the prompt and something that a manifest brought; what is unknown is nothing."""
    assert parse_caption(text, COLUMNS)(CLIP) == caption


@pytest.mark.parametrize(
    "text",
    [
        "caption",
        "{}",
        "{0}",
        "{prompt!r}",
        "{prompt:>9}",
        "{prompt.upper}",
        "{prompt",
        "{nothing}",
        "column:x",
    ],
)
def test_what_is_no_caption_is_refused(text: str) -> None:
    """A template reads columns and nothing else: not attributes, not formats."""
    with pytest.raises(UsageError):
        parse_caption(text, COLUMNS)


def test_a_caption_with_nul_is_refused_in_words() -> None:
    """A NUL ends a text for half of the libraries that read it: the rest of the prompt would be lost."""
    assert "NUL" in (refuse_caption("cat\0dance") or "")
