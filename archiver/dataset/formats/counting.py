"""Rows that were written, counted again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from archiver.dataset.plan import Sample


def count_flaws(found: Mapping[str, int], kept: Mapping[str, Sequence[Sample]]) -> list[str]:
    """Return what is wrong with the numbers of rows that were found, by split."""
    return [
        f"{split} has {count} rows, and not {len(kept[split])}"
        for split, count in found.items()
        if count != len(kept[split])
    ]
