"""Which generations of an archive go into a dataset, and why the others do not."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from archiver.dataset.example import Example
from archiver.dataset.options import SelectionOptions
from archiver.domain.filtering.column import Columns
from archiver.domain.filtering.where import parse_where
from archiver.domain.sidecar import Verification


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """Examples in the order of their ids; the counts are of those left out, each for its first reason."""

    examples: tuple[Example, ...]
    unverified: int = 0
    unwanted: int = 0
    missing: tuple[str, ...] = ()
    """Ids that were asked for and are not in the archive."""


def select(
    examples: Iterable[Example], options: SelectionOptions, columns: Columns[Example], now: datetime
) -> Selected:
    """Return those that the options choose, before any sampling. Raises `UsageError`."""
    found = sorted(examples, key=lambda example: example.id)
    usable = [one for one in found if options.include_unverified or one.verification is Verification.VERIFIED]
    fits = parse_where(options.where, columns, now) if options.where else _anything
    tags = frozenset(options.tags)
    chosen = tuple(one for one in usable if tags <= frozenset(one.tags) and fits(one))
    return Selected(examples=chosen, unverified=len(found) - len(usable), unwanted=len(usable) - len(chosen))


def select_again(examples: Iterable[Example], ids: frozenset[str]) -> Selected:
    """Return exactly these, as the record of an earlier export lists them."""
    chosen = sorted((one for one in examples if one.id in ids), key=lambda example: example.id)
    return Selected(examples=tuple(chosen), missing=tuple(sorted(ids - {one.id for one in chosen})))


def limited(examples: Iterable[Example], options: SelectionOptions) -> tuple[Example, ...]:
    """Return the sample and the first so many that are asked for.

    A sample is drawn by a hash of seed and id: of a larger archive it has most of the same examples.
    """
    found = tuple(examples)
    if options.sample is not None:
        drawn = sorted(found, key=lambda example: _draw(options.seed, example.id))[: options.sample]
        found = tuple(sorted(drawn, key=lambda example: example.id))
    return found[: options.limit]


def _draw(seed: int, generation_id: str) -> bytes:
    return hashlib.sha256(f"{seed}\n{generation_id}".encode()).digest()


def _anything(_example: Example) -> bool:
    return True
