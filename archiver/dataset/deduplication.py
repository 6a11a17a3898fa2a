"""Which examples have the clip of another: the same bytes, or, where asked for, the same looks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from archiver.dataset.example import Example
from archiver.dataset.lookahead import begun_ahead
from archiver.dataset.media import LostSampleError
from archiver.dataset.near import near_duplicates
from archiver.dataset.options import Dedupe
from archiver.dataset.originals import open_original
from archiver.domain.identity import GenerationId
from archiver.media.filming import FilmError
from archiver.media.perceptual import perceptual_hash


def without_duplicates(
    root: Path, examples: Sequence[Example], dedupe: Dedupe
) -> tuple[tuple[Example, ...], Mapping[GenerationId, GenerationId]]:
    """Return the examples that are kept, in their order, and the others' ids with the one kept for each.

    Of what has the same bytes, or looks, the one that was made first is kept. What has no clip is no
    duplicate. A clip that does not decode looks like no other: whoever reads it later will say why. Raises
    `UsageError` where there is no ffmpeg.
    """
    dropped = {} if dedupe is Dedupe.NONE else _same_bytes(examples)
    if dedupe is Dedupe.PERCEPTUAL:
        rest = sorted((one for one in examples if one.id not in dropped), key=_seniority)
        near = near_duplicates(dict(_hashes(root, rest)))
        # What has the bytes of one that is dropped now looks like the one that is kept for that.
        dropped = {name: near.get(kept, kept) for name, kept in dropped.items()} | near
    return tuple(example for example in examples if example.id not in dropped), dropped


def _same_bytes(examples: Sequence[Example]) -> dict[GenerationId, GenerationId]:
    first: dict[str, GenerationId] = {}
    for example in sorted(examples, key=_seniority):
        if example.video:
            first.setdefault(example.video.sha256, example.id)
    return {
        example.id: kept
        for example in examples
        if example.video and (kept := first[example.video.sha256]) != example.id
    }


def _seniority(example: Example) -> tuple[bool, str, GenerationId]:
    # What comes later must not take the place of what is there, or its clip changes to another split.
    return example.created_at is None, example.created_at or "", example.id


def _hashes(root: Path, examples: Sequence[Example]) -> Iterator[tuple[GenerationId, int]]:
    def look(example: Example) -> int | None:
        return _hash(root, example)

    for example, looked in begun_ahead(look, examples):
        value = looked.result()
        if value is not None:
            yield example.id, value


def _hash(root: Path, example: Example) -> int | None:
    if example.video is None:
        return None
    try:
        with open_original(root, example.folder, example.video.name) as source:
            return perceptual_hash(source)
    except (LostSampleError, FilmError):
        return None
