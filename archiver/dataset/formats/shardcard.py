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
from archiver.dataset.plan import Plan, Sample
from archiver.version import __version__


def shard_card(plan: Plan, media: Media, pattern_of: Callable[[str], str]) -> MadePiece:
    """Return the card, to be written when the shards are; `pattern_of` gives the pattern of a split's."""

    def write(output: Output) -> None:
        counts = {split: _left(samples, media) for split, samples in plan.samples.items()}
        # The loader fails where a pattern finds nothing.
        output.write(_text({split: count for split, count in counts.items() if count}, pattern_of).encode())

    return MadePiece(path=CARD, samples=(), write=write)


def _left(samples: Sequence[Sample], media: Media) -> int:
    return sum(not media.is_lost(sample) for sample in samples)


def _text(counts: Mapping[str, int], pattern_of: Callable[[str], str]) -> str:
    files = (f'  - split: "{split}"\n    path: "{pattern_of(split)}"\n' for split in counts)
    rows = (f"| {split} | {count} |\n" for split, count in counts.items())
    return (
        f"---\nconfigs:\n- config_name: default\n  data_files:\n{''.join(files)}---\n"
        "# Generated videos, with captions, in shards\n\n"
        f"| split | samples |\n|---|---:|\n{''.join(rows)}\n"
        "```python\nfrom datasets import load_dataset\n\n"
        'dataset = load_dataset("path/to/this/folder")\n```\n\n'
        f"Made by luma-archiver {__version__}.\n"
    )
