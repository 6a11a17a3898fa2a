"""The card of shards: a README.md whose YAML says which tars are which split's.

Without it `load_dataset(folder)` goes by words like `test` in their names: `val` becomes `validation`, and a
split of another name is dropped in silence (datasets 5.2.0, data_files.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from archiver.dataset.formats.card import CARD
from archiver.dataset.media import Media
from archiver.dataset.output import Output
from archiver.dataset.pieces import MadePiece
from archiver.dataset.plan import Plan, Sample, contents_of
from archiver.version import __version__


def shard_card(plan: Plan, media: Media, pattern_of: Callable[[str], str]) -> MadePiece:
    """Return the card, to be written when the shards are; `pattern_of` gives the pattern of a split's."""

    def write(output: Output) -> None:
        counts = {split: _left(samples, media) for split, samples in plan.samples.items()}
        # The loader fails where a pattern finds nothing.
        patterns = {split: pattern_of(split) for split, count in counts.items() if count}
        output.write(_text(counts, patterns, contents_of(plan, media.is_lost)).encode())

    return MadePiece(path=CARD, samples=(), write=write)


def _left(samples: Sequence[Sample], media: Media) -> int:
    return sum(not media.is_lost(sample) for sample in samples)


def _text(counts: Mapping[str, int], patterns: Mapping[str, str], contents: str) -> str:
    files = (f'  - split: "{split}"\n    path: "{pattern}"\n' for split, pattern in patterns.items())
    rows = (f"| {split} | {counts[split]} |\n" for split in patterns)
    return (
        f'---\nconfigs:\n- config_name: default\n  description: "contents {contents}"\n'
        f"  data_files:\n{''.join(files)}---\n"
        "# Generated videos, with captions, in shards\n\n"
        f"| split | samples |\n|---|---:|\n{''.join(rows)}\n"
        "```python\nfrom datasets import load_dataset\n\n"
        'dataset = load_dataset("path/to/this/folder")\n```\n\n'
        f"Made by luma-archiver {__version__}.\n"
    )
