"""Splits by a hash: nothing that is added later moves what is there."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.dataset.splitting import ByColumn, Parts, order_of, parse_splits, value_of
from archiver.domain.errors import UsageError
from tests.dataset.examples import example

SHARES = parse_splits("train=0.9,val=0.05,test=0.05")


@given(st.text())
def test_a_value_always_lands_in_the_same_split(value: str) -> None:
    """An id's place depends on nothing but the id: not on the others, not on the day."""
    assert isinstance(SHARES, Parts)
    assert SHARES.split_of(value) == SHARES.split_of(value)
    assert SHARES.split_of(value) in {"train", "val", "test"}


def test_known_ids_stay_where_the_first_release_put_them() -> None:
    """Changing the hash would move clips from train to test in everybody's datasets."""
    parts = parse_splits("train=0.5,test=0.5")
    assert isinstance(parts, Parts)
    found = {name: parts.split_of(name) for name in ("a", "b", "c", "d", "e")}
    assert found == {"a": "test", "b": "train", "c": "train", "d": "train", "e": "train"}


def test_shares_come_out_as_asked_for() -> None:
    """Of ten thousand ids a twentieth lands in a split of 0.05, give or take what chance allows."""
    assert isinstance(SHARES, Parts)
    found = [SHARES.split_of(f"generation-{number}") for number in range(10_000)]
    assert 400 < found.count("val") < 600
    assert 400 < found.count("test") < 600


@given(st.integers(1, 9), st.text())
def test_a_larger_first_share_takes_nothing_out_of_it(tenths: int, value: str) -> None:
    """Growing train from 0.8 to 0.9 moves clips into it, and none out of it."""
    small = parse_splits(f"train={tenths / 10},test={1 - tenths / 10}")
    large = parse_splits(f"train={(tenths + 1) / 10},test={1 - (tenths + 1) / 10}")
    assert isinstance(small, Parts)
    assert isinstance(large, Parts)
    if small.split_of(value) == "train":
        assert large.split_of(value) == "train"


def test_by_prompt_one_prompt_never_lies_in_two_splits() -> None:
    """Clips of one prompt in train and in test would let a model pass by heart."""
    assert isinstance(SHARES, Parts)
    clips = [example(f"clip-{number}", prompt=f"prompt {number % 7}") for number in range(100)]
    places = {(clip.prompt, SHARES.split_of(value_of(clip, "prompt"))) for clip in clips}
    assert len(places) == 7


@pytest.mark.parametrize("prompt", [None, ""])
def test_clips_without_a_prompt_are_spread_like_all_others(prompt: str | None) -> None:
    """What is not known is not one and the same prompt: they would all be in one split."""
    assert isinstance(SHARES, Parts)
    clips = [example(f"clip-{number}", prompt=prompt) for number in range(1000)]
    places = [SHARES.split_of(value_of(clip, "prompt")) for clip in clips]
    assert 850 < places.count("train") < 950


def test_an_empty_share_gets_nothing() -> None:
    """`test=0` means none, also where the other shares fall short of 1 by a rounding."""
    parts = parse_splits("train=0.1,val=0.2,more=0.7,test=0")
    assert isinstance(parts, Parts)
    assert all(parts.split_of(str(number)) != "test" for number in range(1000))


@pytest.mark.parametrize(
    "text",
    [
        "train=0.9",
        "train=0.9,test=0.2",
        "train=1.5,test=-0.5",
        "train=x,test=0.5",
        "train=0.5,train=0.5",
        "all",
        "my split",
        "../up=1",
        "",
        "a.b",
        "train=nan,test=1",
    ],
)
def test_what_is_no_split_is_refused_with_an_example(text: str) -> None:
    """One line says what is wrong and how it is written."""
    with pytest.raises(UsageError, match=re.escape("train=0.9,val=0.05,test=0.05")):
        parse_splits(text)


def test_a_single_name_is_all_and_a_column_is_the_manifests() -> None:
    """Most want no split; some have one in their manifest."""
    assert parse_splits("train") == Parts((("train", 1.0),))
    assert parse_splits("column:split") == ByColumn("split")
    assert order_of(ByColumn("split"), {"val", "train"}) == ["train", "val"]
    assert order_of(SHARES, {"test", "train"}) == ["train", "test"]
