"""What an export is asked for. The bounds hold for a record that is read back, too, edited or not."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from archiver.domain.identity import AssetName

# What H.264 has room for (level 6.2), and a side that a codec's blocks still fit into.
LEAST_SIDE, LARGEST_SIDE = 16, 8192
MOST_FPS = 240
# Three digits number them.
MOST_FRAMES = 999
Positive = Annotated[int, Meta(ge=1)]
Metadata = Literal["jsonl", "parquet"]


class FormatName(StrEnum):
    """The layouts that `export` writes."""

    WEBDATASET = "webdataset"
    VIDEOFOLDER = "videofolder"
    IMAGEFOLDER = "imagefolder"
    PARQUET = "parquet"
    CSV = "csv"
    JSONL = "jsonl"
    VIDEO2DATASET = "video2dataset"
    BAGIT = "bagit"


class Dedupe(StrEnum):
    """Which examples count as the same."""

    NONE = "none"
    SHA256 = "sha256"
    PERCEPTUAL = "perceptual"


class Linking(StrEnum):
    """How a file of the archive comes into a dataset."""

    COPY = "copy"
    HARD = "hard"


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectionOptions:
    """Which generations: an expression, tags that each must have, a sample by a seeded hash."""

    where: str | None = None
    tags: tuple[str, ...] = ()
    sample: Positive | None = None
    seed: int = 0
    limit: Positive | None = None
    include_unverified: bool = False

    @property
    def is_limited(self) -> bool:
        """True where so many are wanted, whichever they are."""
        return self.sample is not None or self.limit is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformOptions:
    """How clips are changed on their way; all unset: bytes are taken as they are."""

    resize: Annotated[int, Meta(ge=LEAST_SIDE, le=LARGEST_SIDE, multiple_of=2)] | None = None
    """The shorter side in pixels; the other keeps the shape, both even."""
    fps: Annotated[float, Meta(gt=0, le=MOST_FPS)] | None = None
    frames: Annotated[int, Meta(ge=1, le=MOST_FRAMES)] | None = None
    """So many stills at even distances in the place of the clip."""
    clip_begin_s: Annotated[float, Meta(ge=0)] | None = None
    clip_end_s: Annotated[float, Meta(gt=0)] | None = None
    is_cropped: bool = False
    """Cut to the square in the middle."""

    @property
    def is_none(self) -> bool:
        """True where nothing is changed."""
        return self == TransformOptions()


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutOptions:
    """How a dataset is laid out; `shard_*` bound a shard by its samples and bytes."""

    assets: tuple[AssetName, ...] | None = None
    """Which files; None is the clip, and those pictures that every example has."""
    split: str = "train"
    """As `train=0.9,val=0.1`, a single name, or `column:NAME`."""
    split_by: str = "id"
    caption: str = "prompt"
    """`prompt`, `column:NAME`, or a template with `{column}` in it."""
    shard_samples: Positive = 1000
    shard_bytes: Positive = 1_000_000_000
    is_embedded: bool = False
    """Bytes of the files within the table (Parquet)."""
    linking: Linking = Linking.COPY
    metadata: Metadata = "jsonl"
    """The kind of a folder's metadata file: jsonl or parquet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportOptions:
    """All of one export that decides its bytes."""

    format: FormatName
    selection: SelectionOptions = field(default_factory=SelectionOptions)
    layout: LayoutOptions = field(default_factory=LayoutOptions)
    transform: TransformOptions = field(default_factory=TransformOptions)
    dedupe: Dedupe | None = None
    """None is the format's own: by digest where files are in the dataset, none for tables and bags."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where to, and what may happen to what is there."""

    path: Path
    is_overwriting: bool = False
    is_resuming: bool = False
