"""Samples in shards, decided before a byte is written."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from archiver.dataset.options import LayoutOptions
from archiver.dataset.plan import Sample


def shards_of(
    samples: Sequence[Sample], bounds: LayoutOptions, size_of: Callable[[Sample], int]
) -> list[list[Sample]]:
    """Return the samples in shards within the bounds; one that is too large for any has one to itself."""
    shards: list[list[Sample]] = []
    held = 0
    for sample in samples:
        size = size_of(sample)
        is_full = bool(shards) and (
            len(shards[-1]) >= bounds.shard_samples or held + size > bounds.shard_bytes
        )
        if is_full or not shards:
            shards.append([])
            held = 0
        shards[-1].append(sample)
        held += size
    return shards
