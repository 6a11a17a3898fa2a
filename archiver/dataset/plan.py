"""What an export will write, decided before a byte is: samples, their splits, keys and captions."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from archiver.dataset.example import Example
from archiver.dataset.options import ExportOptions
from archiver.domain.identity import AssetName

# What `datasets` takes for the name of a split where it stands between other signs than letters, in a path as
# in a file's name (datasets 5.2.0, data_files.py: SPLIT_KEYWORDS, NON_WORDS_CHARS).
_SPLIT_WORDS = re.compile(
    r"(?<![a-z])(training|train|validation|valid|val|dev|testing|test|evaluation|eval)(?![a-z])",
    re.IGNORECASE,
)
_SUFFIX_CHARACTERS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """An example in its place: `key` is its files' stem, `caption` its text."""

    example: Example
    key: str
    split: str
    caption: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All of an export: samples by split (in the order of the splits) and, within, by id.

    `assets` are the files that are wanted of every sample. Where a format cannot do without, every sample has
    them; of pictures and rows a sample has those that there are. `video` means the clip, `video_raw` where
    there is no other.
    """

    root: Path
    options: ExportOptions
    samples: Mapping[str, tuple[Sample, ...]]
    assets: tuple[AssetName, ...]

    @property
    def count(self) -> int:
        """How many samples there are."""
        return sum(map(len, self.samples.values()))


def contents_of(plan: Plan, is_lost: Callable[[Sample], bool]) -> str:
    """Return a digest of what a dataset holds: the options, and the samples that are not lost.

    It stands in every card's YAML. `datasets` keeps what it has built under the folder's last name and a
    digest of that YAML: without it another dataset in a folder of the same name, or in the same folder later,
    would be loaded as the first one (datasets 5.2.0, load.py: LocalDatasetModuleFactory).
    """
    digest = hashlib.sha256(msgspec.json.encode((plan.options, plan.assets)))
    for split, samples in plan.samples.items():
        for sample in samples:
            if not is_lost(sample):
                digest.update(msgspec.json.encode((split, sample)))
    return digest.hexdigest()


def key_of(generation_id: str) -> str:
    """Return the stem of a sample's files: the id, where no loader reads anything else into it.

    A dot ends a key in a tar of samples; a split's word draws a file into that split. An id with either gets
    them replaced, and a part of its digest, so that no two ids have one key, whatever else is exported.
    """
    plain = generation_id.replace(".", "_")
    while found := _SPLIT_WORDS.search(plain):
        plain = f"{plain[: found.start()]}{found[0][0]}{plain[found.end() :]}"
    if plain == generation_id:
        return plain
    return f"{plain}-{hashlib.sha256(generation_id.encode()).hexdigest()[:_SUFFIX_CHARACTERS]}"


def has_split_word(path: str) -> bool:
    """Tell whether a loader would take a part of this path for the name of a split."""
    return _SPLIT_WORDS.search(path) is not None
