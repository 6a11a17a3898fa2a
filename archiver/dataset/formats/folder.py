"""Folders of media that Hugging Face's VideoFolder and ImageFolder load (datasets 5.2.0).

README.md                        the card; its YAML names the files of each split
data/SPLIT/metadata.jsonl        a row a file, `file_name` first; or metadata.parquet
data/SPLIT/KEY.mp4               a clip, for VideoFolder
data/SPLIT/KEY.video_raw.mp4     the column `video_raw`, a video, too
data/SPLIT/KEY.thumbnail.jpg     a picture, for ImageFolder
pictures/SPLIT/KEY.thumbnail.jpg a clip's picture, where no pattern of the card reaches: more pictures than
                                 clips among the data would make the loader choose ImageFolder
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import ClassVar

from archiver.dataset.facts import Field
from archiver.dataset.formats.card import CARD, Card
from archiver.dataset.formats.extras import require_pyarrow
from archiver.dataset.formats.folderfields import clip_fields, picture_fields
from archiver.dataset.formats.folderlint import DATA, Rules, flaws_of
from archiver.dataset.formats.metadata import Entry, Metadata, Placed
from archiver.dataset.media import LostSampleError, Media, MediaFile
from archiver.dataset.output import Output
from archiver.dataset.pieces import MadePiece, MediaPiece, Piece
from archiver.dataset.plan import Plan, Sample, contents_of
from archiver.domain.errors import UsageError
from archiver.domain.identity import AssetName

PICTURES = "pictures"
_Entries = Mapping[str, Sequence[Entry]]


class _FolderLayout(ABC):
    """What both folders have in common; implements `Layout`."""

    rules: ClassVar[Rules]

    def pieces(self, plan: Plan, media: Media) -> Iterator[Piece]:
        """Give all media, the metadata of each split, the card.

        Raises `UsageError`, before anything is written, where the library would not read what is wanted.
        """
        self._refuse(plan)
        if plan.options.layout.metadata == "parquet":
            require_pyarrow("metadata.parquet")
        entries = defaultdict[str, list[Entry]](list)
        for split, samples in plan.samples.items():
            for sample in samples:
                files = _files(sample, media)
                paths = [self._path(sample, file, is_first=file is files[0]) for file in files]
                for path, file in zip(paths, files, strict=True):
                    yield MediaPiece(path=path, sample=sample, file=file)
                entries[split] += self._entries(sample, [*map(_placed, paths, files)])
        yield from self._made(plan, media, entries)

    def lint(self, folder: Path, plan: Plan, kept: Mapping[str, Sequence[Sample]]) -> list[str]:
        """Return what the loader would stumble on."""
        del plan
        return flaws_of(folder, self.rules, kept)

    def _made(self, plan: Plan, media: Media, entries: _Entries) -> Iterator[Piece]:
        metadata = Metadata.of(self._fields(plan), _kept(entries, media))
        kind = metadata.kind(plan.options.layout.metadata)
        for split in metadata.entries:
            yield MadePiece(
                path=f"{DATA}/{split}/metadata.{kind}",
                samples=plan.samples[split],
                write=partial(metadata.write, split, kind),
            )

        def write_card(output: Output) -> None:
            # Counted now: a split's metadata that an earlier run wrote may lack samples that it lost.
            counts = {split: len(found) for split, found in _kept(entries, media).items()}
            card = self._card(plan, metadata.fields, counts)
            output.write(replace(card, contents=contents_of(plan, media.is_lost)).text().encode())

        yield MadePiece(path=CARD, samples=(), write=write_card)

    @abstractmethod
    def _refuse(self, plan: Plan) -> None:
        """Raise `UsageError` where a plan cannot be laid out like this."""

    @abstractmethod
    def _path(self, sample: Sample, file: MediaFile, *, is_first: bool) -> str:
        """Return where a file of a sample goes."""

    @abstractmethod
    def _entries(self, sample: Sample, placed: Sequence[Placed]) -> Iterable[Entry]:
        """Return what a sample has rows for."""

    @abstractmethod
    def _fields(self, plan: Plan) -> tuple[Field[Entry], ...]:
        """Return the columns."""

    @abstractmethod
    def _card(self, plan: Plan, fields: tuple[Field[Entry], ...], counts: Mapping[str, int]) -> Card:
        """Return the card."""


class VideofolderLayout(_FolderLayout):
    """A row a clip: `data/train/KEY.mp4`, for VideoFolder."""

    # Of what datasets 5.2.0 reads (videofolder.py, VIDEO_EXTENSIONS), what an archive has.
    rules = Rules(extensions=frozenset({"mp4", "mov", "mkv"}), is_one_row_a_sample=True)

    def _refuse(self, plan: Plan) -> None:
        if plan.options.transform.frames is not None:
            msg = "videofolder has clips, not stills: leave --frames out, or export imagefolder"
            raise UsageError(msg)
        if plan.options.transform.is_none:
            advice = "export webdataset, or let --resize or --fps make MP4s of them"
            _refuse_kinds(plan, self.rules, [name for name in plan.assets if name.is_video], advice)

    def _path(self, sample: Sample, file: MediaFile, *, is_first: bool) -> str:
        if is_first:
            return f"{DATA}/{sample.split}/{sample.key}.{file.extension}"
        is_video = AssetName(file.field).is_video
        return f"{DATA if is_video else PICTURES}/{sample.split}/{sample.key}.{file.field}.{file.extension}"

    def _entries(self, sample: Sample, placed: Sequence[Placed]) -> Iterable[Entry]:
        for clip in placed[:1]:
            yield Entry(sample=sample, file=clip, others={other.field: other for other in placed[1:]})

    def _fields(self, plan: Plan) -> tuple[Field[Entry], ...]:
        return clip_fields(plan)

    def _card(self, plan: Plan, fields: tuple[Field[Entry], ...], counts: Mapping[str, int]) -> Card:
        return Card(
            rows="clips",
            media="video",
            task="text-to-video",
            counts=counts,
            fields=fields,
            options=plan.options,
            contents="",
            note="To read frames takes `torchcodec`; without it, "
            '`dataset.cast_column("video", Video(decode=False))` gives paths. '
            "The columns that end in `_path` name pictures below this folder.",
        )


class ImagefolderLayout(_FolderLayout):
    """A row a picture: `data/train/KEY.thumbnail.jpg`, for ImageFolder."""

    # Of what datasets 5.2.0 reads (imagefolder.py, IMAGE_EXTENSIONS), what an archive has: no AVIF.
    rules = Rules(extensions=frozenset({"jpg", "png", "webp", "gif"}), is_one_row_a_sample=False)

    def _refuse(self, plan: Plan) -> None:
        videos = [name for name in plan.assets if name.is_video]
        if videos and plan.options.transform.frames is None:
            msg = f"imagefolder has pictures alone: leave {videos[0]} out of --assets, or give --frames"
            raise UsageError(msg)
        pictures = [name for name in plan.assets if not name.is_video]
        _refuse_kinds(plan, self.rules, pictures, "export webdataset, or give other --assets")

    def _path(self, sample: Sample, file: MediaFile, *, is_first: bool) -> str:
        del is_first
        return f"{DATA}/{sample.split}/{sample.key}.{file.field}.{file.extension}"

    def _entries(self, sample: Sample, placed: Sequence[Placed]) -> Iterable[Entry]:
        return (Entry(sample=sample, file=picture) for picture in placed)

    def _fields(self, plan: Plan) -> tuple[Field[Entry], ...]:
        return picture_fields(plan)

    def _card(self, plan: Plan, fields: tuple[Field[Entry], ...], counts: Mapping[str, int]) -> Card:
        return Card(
            rows="pictures",
            media="image",
            task="text-to-image",
            counts=counts,
            fields=fields,
            options=plan.options,
            contents="",
            note="`kind` tells thumbnails, last frames and sampled frames apart.",
        )


def _files(sample: Sample, media: Media) -> tuple[MediaFile, ...]:
    """Return a sample's files; a lost one has none."""
    if media.is_lost(sample):
        return ()
    try:
        return media.files(sample)
    except LostSampleError as error:
        media.lose(sample, error)
        return ()


def _placed(path: str, file: MediaFile) -> Placed:
    return Placed(field=file.field, path=path, size=file.size, sha256=file.sha256)


def _kept(entries: _Entries, media: Media) -> dict[str, list[Entry]]:
    """Return what is left, without splits of which nothing is."""
    kept = {
        split: [one for one in found if not media.is_lost(one.sample)] for split, found in entries.items()
    }
    return {split: found for split, found in kept.items() if found}


def _refuse_kinds(plan: Plan, rules: Rules, names: Sequence[AssetName], advice: str) -> None:
    """Raise `UsageError` for the first file that the loader would not read."""
    for sample in chain.from_iterable(plan.samples.values()):
        example = sample.example
        for name in names:
            file = example.video if name is AssetName.VIDEO else example.assets.get(name)
            if file and file.extension not in rules.extensions:
                msg = (
                    f"{example.id} has a {file.extension[:8]!a} file as its {name}, which the loader of "
                    f"{plan.options.format} does not read: {advice}, or --where 'id != {example.id}'"
                )
                raise UsageError(msg)
