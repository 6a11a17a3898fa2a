"""The layout of video2dataset: numbered tars, each with its table and its count beside it.

    00000.tar           00000000.mp4, 00000000.txt (the caption, to the letter), 00000000.json
    00000.parquet       what the JSON files say, as a table
    00000_stats.json    how many there are

Keys are numbers, the shard's and the place in it (video2dataset at 00113f6, download_worker.py:
`compute_key`); `id` says which generation it is. Splits it has none: where several are asked for, each is a
folder of this kind, and the card README.md tells `datasets` which is which. Pictures are in it with --assets
alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from archiver.dataset.facts import Field, Type
from archiver.dataset.formats.card import CARD
from archiver.dataset.formats.extras import require_pyarrow
from archiver.dataset.formats.samplefields import Fields, json_of, plain_fields, renamed, row_of
from archiver.dataset.formats.shardcard import shard_card
from archiver.dataset.formats.shardlint import ShardLint
from archiver.dataset.formats.shards import FieldNames, Member, Shard, asset_of, cut, file_members
from archiver.dataset.media import Media
from archiver.dataset.output import Output
from archiver.dataset.pieces import MadePiece
from archiver.dataset.plan import Plan, Sample
from archiver.dataset.splitting import Parts, parse_splits
from archiver.domain.errors import UsageError
from archiver.domain.identity import AssetName

_SHARD_DIGITS = 5
_SIDES = {"width", "height"}
_KNOWN = (
    "id",
    "state",
    "created_at",
    "archived_at",
    "prompt",
    "aspect_ratio",
    "verification",
    "tags",
    "width",
    "height",
    "duration",
    "frame_rate",
    "frames",
    "codec",
    "bytes",
    "sha256",
    "manifest_row",
)


class Video2datasetLayout:
    """Implements `Layout`. Raises `UsageError` where pyarrow is not installed."""

    def __init__(self) -> None:
        require_pyarrow("video2dataset's table")

    def pieces(self, plan: Plan, media: Media) -> Iterator[MadePiece]:
        """Give each shard's tar, table and count; then the card. Raises `UsageError` for stills."""
        if plan.options.transform.frames is not None:
            msg = "video2dataset has clips, not stills: leave --frames out, or export webdataset"
            raise UsageError(msg)
        names, known = FieldNames(plan), _known(plan)
        for stem, keyed in _shards(plan):
            part = _Part(keyed=keyed, fields=_fields(keyed, known), assets=_assets(plan), media=media)
            shard = Shard(samples=keyed, members=partial(part.members, names), media=media)
            writers = {
                ".tar": shard.write,
                ".parquet": part.write_table,
                "_stats.json": part.write_stats,
            }
            for suffix, write in writers.items():
                yield MadePiece(
                    path=stem + suffix, samples=[*keyed.values()], write=write, needs_samples=True
                )
        yield shard_card(plan, media, lambda split: f"{_above(plan, split)}*.tar")

    def lint(self, folder: Path, plan: Plan, kept: Mapping[str, Sequence[Sample]]) -> list[str]:
        """Read the tars' headers and the tables' footers: the kept samples, under their keys."""
        from archiver.dataset.formats.parquetfile import read_footer  # noqa: PLC0415 - imports pyarrow

        lint = ShardLint(folder)
        lint.expect(CARD)
        ids = {sample.example.id for samples in kept.values() for sample in samples}
        for stem, keyed in _shards(plan):
            keys = [key for key, sample in keyed.items() if sample.example.id in ids]
            lint.expect_shard(f"{stem}.tar", keys)
            if keys:
                lint.expect(f"{stem}_stats.json")
                lint.expect_rows(f"{stem}.parquet", len(keys), lambda path: read_footer(path)[1])
        return lint.finish()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """A tar, its table and its count."""

    keyed: Mapping[str, Sample]
    fields: Fields
    assets: Sequence[AssetName]
    media: Media

    def members(self, names: FieldNames, _key: str, sample: Sample) -> Iterator[Member]:
        """Give a sample's members. Raises `LostSampleError`."""
        yield Member.of_bytes("json", json_of(row_of(self.fields, sample)))
        yield Member.of_bytes("txt", sample.caption.encode())
        files = self.media.files(sample)
        yield from file_members((file for file in files if file.field in self.assets), names)

    def write_table(self, output: Output) -> None:
        """Write the rows of what is in the tar."""
        from archiver.dataset.formats.parquetfile import schema_of, write_parquet  # noqa: PLC0415 - as above

        rows = (row_of(self.fields, sample) for sample in self._kept())
        write_parquet(output, schema_of(self.fields, {}), rows)

    def write_stats(self, output: Output) -> None:
        """Write the counts. The times are 0, whenever and however long it was: the same bytes each time."""
        kept = self._kept()
        clips = (asset_of(sample, AssetName.VIDEO) for sample in kept)
        stats = {
            "count": len(kept),
            "successes": len(kept),
            "failed_to_download": 0,
            "failed_to_subsample": 0,
            "duration": 0.0,
            "bytes_downloaded": sum(clip.size for clip in clips if clip),
            "start_time": 0.0,
            "end_time": 0.0,
            "status_dict": {"success": len(kept)},
        }
        output.write(json_of(stats))

    def _kept(self) -> list[Sample]:
        return [sample for sample in self.keyed.values() if not self.media.is_lost(sample)]


def _shards(plan: Plan) -> Iterator[tuple[str, dict[str, Sample]]]:
    """Give the paths of shards, without their suffixes, and their samples by their keys."""
    digits = len(str(plan.options.layout.shard_samples - 1)) if plan.options.layout.shard_samples > 1 else 0
    for split, samples in plan.samples.items():
        for number, shard in enumerate(cut(samples, plan, _assets(plan))):
            first = number * 10**digits
            keys = (f"{first + index:0{digits + _SHARD_DIGITS}d}" for index in range(len(shard)))
            yield f"{_above(plan, split)}{number:0{_SHARD_DIGITS}d}", dict(zip(keys, shard, strict=True))


def _above(plan: Plan, split: str) -> str:
    """Return the path of a split's folder: it has one if several splits were asked for."""
    splits = parse_splits(plan.options.layout.split)
    return "" if isinstance(splits, Parts) and len(splits.shares) == 1 else f"{split}/"


def _assets(plan: Plan) -> Sequence[AssetName]:
    return (AssetName.VIDEO,) if plan.options.layout.assets is None else plan.assets


def _known(plan: Plan) -> Fields:
    """Return what is known beyond video2dataset's own columns; a clip's sides are these."""
    fields = plain_fields(plan, _KNOWN)
    return tuple(renamed(one, f"original_{one.name}") if one.name in _SIDES else one for one in fields)


def _fields(keyed: Mapping[str, Sample], known: Fields) -> Fields:
    keys = {sample.example.id: key for key, sample in keyed.items()}
    return (
        Field("url", Type.TEXT, "the clip's place in the archive", _place),
        Field("caption", Type.TEXT, "the text to train with", lambda sample: sample.caption),
        Field("key", Type.TEXT, "the sample's in the tar", lambda sample: keys[sample.example.id]),
        Field("status", Type.TEXT, "success", lambda _sample: "success"),
        Field("error_message", Type.TEXT, "none", lambda _sample: None),
        *known,
    )


def _place(sample: Sample) -> str:
    clip = asset_of(sample, AssetName.VIDEO)
    return f"{sample.example.folder}/{clip.name}" if clip else ""
