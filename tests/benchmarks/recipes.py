"""The corpora of the scenarios; those of a quick sitting are a fifth of them."""

from __future__ import annotations

from tests.benchmarks.corpus import Corpus, CorpusRecipe
from tests.benchmarks.encodings import Recipe
from tests.benchmarks.sitting import Sitting

# The size of the service's own clips, and of its older ones. Grain, for smooth pictures make no 7 MB.
_LARGE_CLIP = Recipe(width=1360, height=752, video_bytes=7_000_000, grain=16)
_SMALL_CLIP = Recipe(width=512, height=512, video_bytes=300_000)
_TINY_CLIP = Recipe(width=64, height=48, video_bytes=16_000)
_QUICK = 5


def large_corpus(sitting: Sitting) -> Corpus:
    """Return 300 generations of 7 MB of video, a thumbnail and a last frame each."""
    return sitting.corpus(_recipe("large", 300, _LARGE_CLIP, sitting))


def small_corpus(sitting: Sitting) -> Corpus:
    """Return 1,000 generations of 0.3 MB of video, a thumbnail and a last frame each."""
    return sitting.corpus(_recipe("small", 1000, _SMALL_CLIP, sitting))


def tiny_corpus(sitting: Sitting) -> Corpus:
    """Return one generation, as small as they come: so many copies of it fit on a disk."""
    return sitting.corpus(CorpusRecipe(name="tiny", generations=1, clip=_TINY_CLIP))


def _recipe(name: str, generations: int, clip: Recipe, sitting: Sitting) -> CorpusRecipe:
    count = generations // _QUICK if sitting.is_quick else generations
    return CorpusRecipe(name=name, generations=count, clip=clip)
