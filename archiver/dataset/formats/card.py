"""The card of a dataset: a README.md whose YAML tells `datasets` which files are which split's.

Without it a loader guesses by words like `test` in the names of files (datasets 5.2.0, data_files.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from archiver.dataset.facts import Field
from archiver.dataset.options import ExportOptions
from archiver.version import __version__

CARD = "README.md"
# The words that the hub knows for `size_categories` (huggingface.co/docs/hub/datasets-cards).
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_LARGEST = "1M<n<10M"


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What a card says: `rows` names what the rows are, `media` is the loader's name of their file's column.

    `counts` are of rows, by split; the first of `fields` is the file's name; `contents` is their digest.
    """

    rows: str
    media: str
    task: str
    counts: Mapping[str, int]
    fields: tuple[Field[Any], ...]
    options: ExportOptions
    note: str
    contents: str

    def text(self) -> str:
        """Return the card: YAML, then Markdown."""
        return "\n".join(
            [*self._front_matter(), "", *self._introduction(), *self._columns(), *self._origin()]
        )

    def _front_matter(self) -> Iterable[str]:
        # JSON's texts are YAML's, too; a bare one would make of a split called `no` a false one.
        yield from ("---", "configs:", "- config_name: default", f'  description: "contents {self.contents}"')
        yield from ("  drop_labels: true", "  data_files:")
        for split in self.counts:
            yield from (f'  - split: "{split}"', f'    path: "data/{split}/*"')
        yield from ("tags:", f"- {self.media}", "- luma", "task_categories:", f"- {self.task}")
        total = sum(self.counts.values())
        size = next((name for end, name in _SIZES if total < end), _LARGEST)
        yield from ("size_categories:", f"- {size}", "---")

    def _introduction(self) -> Iterable[str]:
        yield from (f"# {self.rows.capitalize()} of generated videos, with captions", "")
        yield from (f"| split | {self.rows} |", "|---|---:|")
        yield from (f"| {split} | {count} |" for split, count in self.counts.items())
        yield from (f"| all | {sum(self.counts.values())} |", "", "```python")
        yield from ("from datasets import load_dataset", "", 'dataset = load_dataset("path/to/this/folder")')
        yield from ("```", "", self.note, "")

    def _columns(self) -> Iterable[str]:
        yield from ("| column | type | meaning |", "|---|---|---|")
        yield f"| {self.media} | {self.media} | the file, which the metadata call `file_name` |"
        yield from (f"| {_in_table(one.name)} | {one.type} | {one.meaning} |" for one in self.fields[1:])

    def _origin(self) -> Iterable[str]:
        made = f"Made by luma-archiver {__version__} of files that it had downloaded, with these options:"
        yield from ("", made, "", "```json", _shown(self.options), "```", "")


def _in_table(name: str) -> str:
    """Return a column's name, which a manifest may have made up, as a cell of Markdown."""
    return " ".join(name.split()).replace("|", "\\|")


def _shown(options: ExportOptions) -> str:
    return msgspec.json.format(msgspec.json.encode(options), indent=2).decode()
