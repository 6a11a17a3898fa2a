"""What loaders of shards would stumble on, silently for the most part.

A key with a dot in it is another key, samples of which the members are not side by side are two samples, a
field that only some samples have is dropped or ends the loading, and so does a first shard without samples
(webdataset 1.0.2, tariterators.py; datasets 5.2.0, webdataset.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

from archiver.dataset.plan import has_split_word
from archiver.dataset.tar import read_members

Found = tuple[str, list[str]]


class ShardLint:
    """Reads the headers of a dataset's shards and collects what is wrong in `flaws`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._wanted: set[str] = set()
        self._fields: list[str] | None = None
        self.flaws: list[str] = []

    def expect(self, path: str) -> None:
        """Take note that a file belongs to the dataset."""
        self._wanted.add(path)

    def expect_shard(self, path: str, keys: Sequence[str]) -> None:
        """Read a shard: it must have samples of these keys, in this order; of none, it must not be there."""
        if not keys:
            return
        self.expect(path)
        try:
            samples = list(_samples(self._folder / path))
        except (ValueError, OSError) as error:
            self.flaws.append(f"{path} cannot be read: {error}")
            return
        self.flaws.extend(_flaws_of_keys(path, [key for key, _ in samples], keys))
        self.flaws.extend(self._flaws_of_fields(path, samples))

    def expect_rows(self, path: str, count: int, read: Callable[[Path], int]) -> None:
        """Count the rows of a table by `read`, which raises `ValueError` or `OSError` where it is none."""
        self.expect(path)
        try:
            found = read(self._folder / path)
        except (ValueError, OSError) as error:
            self.flaws.append(f"{path} cannot be read: {error}")
            return
        if found != count:
            self.flaws.append(f"{path} has {found} rows, and its tar {count} samples")

    def finish(self) -> list[str]:
        """Return all flaws: strangers among the files, too."""
        present = {
            path.relative_to(self._folder).as_posix() for path in self._folder.rglob("*") if not path.is_dir()
        }
        strangers = sorted(path for path in present - self._wanted if not path.startswith("."))
        self.flaws.extend(f"{path} is no part of the dataset: loaders may read it" for path in strangers)
        self.flaws.extend(f"{path} is missing" for path in sorted(self._wanted - present))
        return self.flaws

    def _flaws_of_fields(self, path: str, samples: Sequence[Found]) -> Iterator[str]:
        for key, fields in samples:
            if self._fields is None:
                self._fields = fields
            if len(set(fields)) < len(fields):
                yield f"{path} has a field twice in the sample {key[:80]!a}"
            elif set(fields) != set(self._fields):
                yield f"{path} has other fields in the sample {key[:80]!a} than the first sample has"


def _samples(path: Path) -> Iterator[Found]:
    names = (name.partition(".")[::2] for name, _ in read_members(path))
    for key, members in groupby(names, lambda found: found[0]):
        yield key, [field.lower() for _, field in members]


def _flaws_of_keys(path: str, found: Sequence[str], wanted: Sequence[str]) -> Iterator[str]:
    if list(found) != list(wanted):
        yield f"{path} has {len(found)} samples, or others, and not the {len(wanted)} that were written"
    for key in found:
        if has_split_word(key):
            yield f"{path} has a split's name in the key {key[:80]!a}: a loader may take it for that split's"
