"""Near duplicates among many: found like by comparing each with each, only sooner."""

from __future__ import annotations

import hashlib
import time

from hypothesis import given
from hypothesis import strategies as st

from archiver.dataset.near import near_duplicates
from archiver.domain.identity import GenerationId, parse_id
from archiver.media.perceptual import BITS, NEAR_BITS, differing_bits

_Hashes = dict[GenerationId, int]


def _by_comparing_all(hashes: _Hashes) -> dict[GenerationId, GenerationId]:
    kept: list[GenerationId] = []
    dropped = {}
    for name in hashes:
        near = [(differing_bits(hashes[name], hashes[other]), at) for at, other in enumerate(kept)]
        bits, nearest = min(near, default=(BITS, 0))
        if bits <= NEAR_BITS:
            dropped[name] = kept[nearest]
        else:
            kept.append(name)
    return dropped


def _value(number: int) -> int:
    return int.from_bytes(hashlib.sha512(b"%d" % number).digest(), "big") >> 512 - BITS


@st.composite
def _crowds(draw: st.DrawFn) -> _Hashes:
    """Return hashes that are about as far from a few others as is near, or just not."""
    hashes = {}
    for number in range(draw(st.integers(1, 12))):
        value = _value(draw(st.integers(0, 2)))
        for place in draw(st.sets(st.integers(0, BITS - 1), min_size=0, max_size=NEAR_BITS + 8)):
            value ^= 1 << place
        hashes[parse_id(f"g-{number:02}")] = value
    return hashes


@given(_crowds())
def test_near_duplicates_are_those_that_comparing_all_finds(hashes: _Hashes) -> None:
    """An index must not miss one, and the first is kept."""
    assert near_duplicates(hashes) == _by_comparing_all(hashes)


@given(_crowds())
def test_each_is_near_to_the_one_that_is_kept_for_it(hashes: _Hashes) -> None:
    """A chain of small changes does not make one of its two ends."""
    dropped = near_duplicates(hashes)
    for name, kept in dropped.items():
        assert list(hashes).index(kept) < list(hashes).index(name)
        assert kept not in dropped
        assert differing_bits(hashes[name], hashes[kept]) <= NEAR_BITS


def test_the_last_bit_decides() -> None:
    """The threshold is what is stated."""
    one, within, beyond = parse_id("a"), parse_id("b"), parse_id("c")
    value = _value(0)
    assert near_duplicates({one: value, within: value ^ (1 << NEAR_BITS) - 1}) == {within: one}
    assert near_duplicates({one: value, beyond: value ^ (1 << NEAR_BITS + 1) - 1}) == {}


def test_many_are_looked_through_soon() -> None:
    """Each with each, these would be eighteen million comparisons."""
    hashes = {parse_id(f"g-{number:05}"): _value(number) for number in range(6000)}
    hashes[parse_id("h")] = _value(5000) ^ 0b1111
    began_s = time.process_time()
    assert near_duplicates(hashes) == {"h": "g-05000"}
    assert time.process_time() - began_s < 8
