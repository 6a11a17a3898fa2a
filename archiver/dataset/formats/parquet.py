"""Parquet: a table of all that is known of each sample, and with `--embed` its files within the table.

    data/train-00000-of-00001.parquet

Files of these names `datasets` takes for a split, whatever it is called (datasets 5.2.0, data_files.py:
SPLIT_PATTERN_SHARDED). Nothing lies beside them: pyarrow and Polars take all in a folder for Parquet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from archiver.dataset.formats.counting import count_flaws
from archiver.dataset.formats.extras import require_pyarrow
from archiver.dataset.formats.shards import cut
from archiver.dataset.media import LostSampleError, Media, MediaFile
from archiver.dataset.output import Output
from archiver.dataset.pieces import MadePiece
from archiver.dataset.plan import Plan, Sample
from archiver.dataset.rows import Fields, fields_of, rows_of
from archiver.domain.errors import UsageError
from archiver.domain.identity import AssetName

_FOLDER = "data"
# The loader's pattern has five digits.
_MOST_SHARDS = 99_999
# The clip raw, too, would mostly be the same bytes once more.
_USUAL = (AssetName.VIDEO, AssetName.THUMBNAIL, AssetName.LAST_FRAME)
# A Parquet file's texts and bytes have lengths of 31 bits; the rest of a group of rows wants room, too.
_LARGEST_BYTES = 2_000_000_000


class ParquetLayout:
    """Implements `Layout`. Raises `UsageError` where pyarrow is not installed."""

    def __init__(self) -> None:
        require_pyarrow("a Parquet file")

    def pieces(self, plan: Plan, media: Media) -> Iterator[MadePiece]:
        """Give a file a split; with files embedded, as many as the bounds of a shard make of it."""
        embedded = _embedded(plan)
        table = _Table(fields=fields_of(plan, embedded), embedded=embedded, media=media)
        for split, samples in plan.samples.items():
            shards = _shards(samples, plan)
            for number, shard in enumerate(shards):
                yield MadePiece(
                    path=f"{_FOLDER}/{split}-{number:05d}-of-{len(shards):05d}.parquet",
                    samples=shard,
                    write=partial(table.write, shard),
                    # `datasets` loads nothing at all where a split has no rows.
                    needs_samples=True,
                )

    def lint(self, folder: Path, plan: Plan, kept: Mapping[str, Sequence[Sample]]) -> list[str]:
        """Read every footer: whole, with all columns, and as many rows as samples were kept."""
        from archiver.dataset.formats.parquetfile import read_footer, schema_of  # noqa: PLC0415 - imports pyarrow

        embedded, flaws = _embedded(plan), list[str]()
        wanted = schema_of(fields_of(plan, embedded), embedded)
        found = {split: 0 for split, samples in kept.items() if samples}
        for split in found:
            for path in sorted((folder / _FOLDER).glob(f"{split}-*.parquet")):
                try:
                    schema, rows = read_footer(path)
                except (ValueError, OSError):
                    flaws.append(f"{path.name} is no whole Parquet file")
                    continue
                found[split] += rows
                if not schema.equals(wanted):
                    flaws.append(f"{path.name} has other columns")
        return flaws + count_flaws(found, kept)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """What all files of a dataset have in common; `embedded` has the features of columns of files."""

    fields: Fields
    embedded: Mapping[str, str]
    media: Media

    def write(self, samples: Sequence[Sample], output: Output) -> None:
        from archiver.dataset.formats.parquetfile import schema_of, write_parquet  # noqa: PLC0415 - as above

        write_parquet(output, schema_of(self.fields, self.embedded), self._rows(samples))

    def _rows(self, samples: Sequence[Sample]) -> Iterator[dict[str, Any]]:
        from archiver.dataset.formats.parquetfile import with_moments  # noqa: PLC0415 - as above

        for sample, row in rows_of(samples, self.fields, self.media):
            if not self.embedded:
                self.media.pass_by(sample)
            try:
                files = self._files(sample) if self.embedded else {}
            except LostSampleError as error:
                self.media.lose(sample, error)
            else:
                yield {**with_moments(self.fields, row), **files}

    def _files(self, sample: Sample) -> dict[str, Any]:
        """Return the cells of files, null where a sample has none. Raises `LostSampleError`."""
        found = {file.field: file for file in self.media.files(sample)}
        clip = found.get(AssetName.VIDEO) or found.get(AssetName.VIDEO_RAW)
        if clip:
            found[AssetName.VIDEO] = clip
        return {name: _cell(sample, name, found[name]) for name in self.embedded if name in found}


def _cell(sample: Sample, name: str, file: MediaFile) -> dict[str, Any]:
    if file.size > _LARGEST_BYTES:
        msg = f"{file.path.name} is over 2 GB, which is more than a cell of a Parquet table has room for"
        raise LostSampleError(msg)
    return {"bytes": file.read(), "path": f"{sample.key}.{name}.{file.extension}"}


def _embedded(plan: Plan) -> dict[str, str]:
    """Return the columns of files, each with its feature; none without `--embed`."""
    if not plan.options.layout.is_embedded:
        return {}
    wanted, stills = _wanted(plan), plan.options.transform.frames
    if stills is None:
        return {name.value: "Video" if name.is_video else "Image" for name in wanted}
    pictures = [name.value for name in wanted if not name.is_video]
    return dict.fromkeys([*(f"frame_{number:03d}" for number in range(stills)), *pictures], "Image")


def _wanted(plan: Plan) -> tuple[AssetName, ...]:
    return _USUAL if plan.options.layout.assets is None else plan.assets


def _shards(samples: Sequence[Sample], plan: Plan) -> list[Sequence[Sample]]:
    if not plan.options.layout.is_embedded:
        return [samples] if samples else []
    shards = cut(samples, plan, _wanted(plan))
    if len(shards) > _MOST_SHARDS:
        msg = f"over {_MOST_SHARDS} files: allow for more samples, or more bytes, in a shard"
        raise UsageError(msg)
    return [*shards]
