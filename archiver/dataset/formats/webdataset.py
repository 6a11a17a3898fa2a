"""WebDataset: tars of samples, read as streams.

train-000000.tar     KEY.mp4, KEY.txt (the caption, to the letter), KEY.json (what is known),
                     KEY.thumbnail.jpg, KEY.last_frame.jpg, with --assets also KEY.video_raw.mp4;
                     with --frames KEY.frame_000.jpg and so on in the clip's place
README.md            the card; its YAML names the shards of each split
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from archiver.dataset.formats.card import CARD
from archiver.dataset.formats.samplefields import Fields, json_of, plain_fields, row_of
from archiver.dataset.formats.shardcard import shard_card
from archiver.dataset.formats.shardlint import ShardLint
from archiver.dataset.formats.shards import FieldNames, Member, Shard, cut, file_members
from archiver.dataset.media import Media
from archiver.dataset.pieces import MadePiece
from archiver.dataset.plan import Plan, Sample

_KNOWN = (
    "id",
    "state",
    "created_at",
    "archived_at",
    "prompt",
    "aspect_ratio",
    "verification",
    "failure_reason",
    "tags",
    "width",
    "height",
    "duration",
    "frame_rate",
    "frames",
    "codec",
    "manifest_row",
    "response",
)


class WebdatasetLayout:
    """Implements `Layout`."""

    def pieces(self, plan: Plan, media: Media) -> Iterator[MadePiece]:
        """Give the shards of each split, within the options' bounds, then the card."""
        content = _Content(fields=plain_fields(plan, _KNOWN), names=FieldNames(plan), media=media)
        for path, samples in _shards(plan):
            keyed = {sample.key: sample for sample in samples}
            shard = Shard(samples=keyed, members=content.members, media=media)
            yield MadePiece(path=path, samples=samples, write=shard.write, needs_samples=True)
        yield shard_card(plan, media, lambda split: f"{split}-*.tar")

    def lint(self, folder: Path, plan: Plan, kept: Mapping[str, Sequence[Sample]]) -> list[str]:
        """Read the headers of all shards: every kept sample once, in order, all with the same fields."""
        lint = ShardLint(folder)
        lint.expect(CARD)
        keys = {sample.key for samples in kept.values() for sample in samples}
        for path, samples in _shards(plan):
            lint.expect_shard(path, [sample.key for sample in samples if sample.key in keys])
        return lint.finish()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Content:
    """What is in every sample."""

    fields: Fields
    names: FieldNames
    media: Media

    def members(self, _key: str, sample: Sample) -> Iterator[Member]:
        """Give a sample's members. Raises `LostSampleError`."""
        files = self.media.files(sample)
        # The files as they are here: an extension in a member's name is the same in all samples.
        digests = {
            file.field: {"bytes": file.size, "extension": file.extension, "sha256": file.sha256}
            for file in files
        }
        known = json_of({**row_of(self.fields, sample), "files": digests})
        yield Member.of_bytes("json", known)
        yield Member.of_bytes("txt", sample.caption.encode())
        yield from file_members(files, self.names)


def _shards(plan: Plan) -> Iterator[tuple[str, list[Sample]]]:
    """Give the shards' names and samples."""
    for split, samples in plan.samples.items():
        for number, shard in enumerate(cut(samples, plan, plan.assets)):
            yield f"{split}-{number:06d}.tar", shard
