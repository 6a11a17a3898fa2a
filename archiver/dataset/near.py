"""Near duplicates among many, without comparing each with each.

Multi-index hashing (Norouzi, Punjani, Fleet, "Fast Search in Hamming Space with Multi-Index Hashing", CVPR
2012): a hash of 320 bits is cut into 20 words. If two hashes differ in fewer than 40 bits, some word of
theirs differs in one bit at most: so whoever is near is found under one of the words, or of their neighbours.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from archiver.domain.identity import GenerationId
from archiver.media.perceptual import BITS, NEAR_BITS, differing_bits

# A hash, which place it came in, and whose it is.
_Entry = tuple[int, int, GenerationId]

_WORD_BITS = 16
_WORDS = BITS // _WORD_BITS
_FLIPS = (0, *(1 << bit for bit in range(_WORD_BITS)))


def near_duplicates(hashes: Mapping[GenerationId, int]) -> dict[GenerationId, GenerationId]:
    """Return those that look like another, each with that one; of what looks alike the first is kept.

    Nothing is judged by what was itself dropped: each is near to the one that is kept for it.
    """
    kept = _Index()
    dropped = {}
    for generation_id, value in hashes.items():
        near = kept.nearest(value)
        if near is None:
            kept.add(generation_id, value)
        else:
            dropped[generation_id] = near
    return dropped


class _Index:
    """Hashes by each of their words; no two of them are near."""

    def __init__(self) -> None:
        self._all: list[_Entry] = []
        self._places: defaultdict[tuple[int, int], list[_Entry]] = defaultdict(list)

    def add(self, generation_id: GenerationId, value: int) -> None:
        entry = value, len(self._all), generation_id
        self._all.append(entry)
        for place in _words(value):
            self._places[place].append(entry)

    def nearest(self, value: int) -> GenerationId | None:
        """Return the nearest one that is near, the first of several; or None."""
        near = (
            (bits, place, name)
            for other, place, name in self._candidates(value)
            if (bits := differing_bits(value, other)) <= NEAR_BITS
        )
        return min(near, default=(0, 0, None))[2]

    def _candidates(self, value: int) -> Iterable[_Entry]:
        found = [
            entries
            for number, word in _words(value)
            for flip in _FLIPS
            if (entries := self._places.get((number, word ^ flip)))
        ]
        # Where many films have a word in common, it tells nothing: to look at each once is quicker then.
        return self._all if sum(map(len, found)) >= len(self._all) else chain.from_iterable(found)


def _words(value: int) -> Iterator[tuple[int, int]]:
    for number in range(_WORDS):
        yield number, value >> number * _WORD_BITS & (1 << _WORD_BITS) - 1
