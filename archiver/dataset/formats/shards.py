"""Shards: tars of samples, each sample a run of members with one key.

A key ends at the first dot of a member's name, the rest is the field (webdataset 1.0.2, tariterators.py:
`base_plus_ext`; datasets 5.2.0, webdataset.py, alike).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain

from archiver.dataset.example import AssetFile
from archiver.dataset.formats.sharding import shards_of
from archiver.dataset.media import LostSampleError, Media, MediaFile
from archiver.dataset.output import Output
from archiver.dataset.plan import Plan, Sample
from archiver.dataset.tar import write_end, write_member
from archiver.domain.identity import AssetName


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A member of a sample: `field` is what its name has behind the key; `copy_to` appends its bytes."""

    field: str
    size: int
    copy_to: Callable[[Output], object]

    @classmethod
    def of_bytes(cls, field: str, data: bytes) -> Member:
        """Return one with these bytes."""
        return cls(field=field, size=len(data), copy_to=lambda output: output.write(data))


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """A shard to be written: its samples by their keys. `members` may raise `LostSampleError`."""

    samples: Mapping[str, Sample]
    members: Callable[[str, Sample], Iterable[Member]]
    media: Media

    def write(self, output: Output) -> None:
        """Write the samples, their members sorted; one that turns out to be damaged is taken back whole."""
        for key, sample in self.samples.items():
            if self.media.is_lost(sample):
                continue
            output.mark()
            try:
                self._write_sample(key, sample, output)
            except LostSampleError as error:
                output.rewind()
                self.media.lose(sample, error)
        write_end(output)

    def _write_sample(self, key: str, sample: Sample, output: Output) -> None:
        for member in sorted(self.members(key, sample), key=lambda one: one.field):
            write_member(output, f"{key}.{member.field}", member.size, member.copy_to)


class FieldNames:
    """What the files of samples are called behind the key: `mp4`, `thumbnail.jpg`, `frame_003.jpg`.

    A field has one name in all samples, or loaders fail or drop files in silence: datasets 5.2.0 takes the
    fields from the first five samples (webdataset.py, `_split_generators`). Where archived files are of
    several kinds (JPEG here, WebP there), the extension is that of most: the bytes stay as they are, and who
    decodes them goes by the bytes, Pillow as well as FFmpeg.
    """

    def __init__(self, plan: Plan) -> None:
        # What is changed on its way comes in one kind, whatever it was.
        names = [name for name in plan.assets if plan.options.transform.is_none or not name.is_video]
        samples = tuple(chain.from_iterable(plan.samples.values()))
        counts = {name: Counter(_extensions(samples, name)) for name in names}
        self._extensions = {name.value: _most(found) for name, found in counts.items() if found}

    def of(self, file: MediaFile) -> str:
        """Return the name of a file's field; the clip's is the extension alone."""
        extension = self._extensions.get(file.field, file.extension)
        return extension if file.field == AssetName.VIDEO else f"{file.field}.{extension}"


def file_members(files: Iterable[MediaFile], names: FieldNames) -> Iterator[Member]:
    """Give the members that files become."""
    for file in files:
        yield Member(field=names.of(file), size=file.size, copy_to=file.copy_to)


def cut(samples: Sequence[Sample], plan: Plan, assets: Sequence[AssetName]) -> list[list[Sample]]:
    """Return samples in shards, by the sizes that the archive records: the same ones in every run."""
    return shards_of(samples, plan.options.layout, partial(_recorded_size, assets))


def asset_of(sample: Sample, name: AssetName) -> AssetFile | None:
    """Return a sample's file in the archive; for `video` whatever clip there is."""
    example = sample.example
    return example.video if name is AssetName.VIDEO else example.assets.get(name)


def _recorded_size(assets: Sequence[AssetName], sample: Sample) -> int:
    return sum(file.size for name in assets if (file := asset_of(sample, name)))


def _extensions(samples: Iterable[Sample], name: AssetName) -> Iterator[str]:
    return (file.extension for sample in samples if (file := asset_of(sample, name)))


def _most(found: Counter[str]) -> str:
    """Return the most frequent one; of several, the first in the alphabet."""
    return min(found, key=lambda extension: (-found[extension], extension))
