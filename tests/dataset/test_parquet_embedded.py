"""Parquet with the files of samples within it: the archive's bytes, and features that loaders know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from archiver.dataset.archived import ArchiveMedia
from archiver.dataset.formats.parquet import ParquetLayout
from archiver.dataset.media import Losses, MediaFile
from archiver.dataset.options import ExportOptions, FormatName, TransformOptions
from archiver.dataset.plan import Plan, Sample
from archiver.domain.errors import UsageError
from archiver.domain.identity import AssetName
from tests.dataset import readers
from tests.dataset.shelf import files, options, put, put_tombstone
from tests.dataset.writing import Originals, plan_of, write_layout


def embedding(archive: Path, **layout: object) -> Plan:
    """Return a plan of a table with files in it, as an export plans it: of all assets that there are."""
    return plan_of(archive, options(FormatName.PARQUET, is_embedded=True, **layout), assets=tuple(AssetName))


def media_of(of_all: Plan) -> ArchiveMedia:
    """Return the archive's own files, those that there are."""
    return ArchiveMedia(of_all, Losses(lambda _event: None), lambda _event: None)


def test_embedded_files_are_the_archives_bytes(tmp_path: Path) -> None:
    """`datasets` has videos and pictures of them; where there is no picture, there is null."""
    put(tmp_path / "archive", "all", assets=tuple(AssetName))
    put(tmp_path / "archive", "bare", assets=(AssetName.VIDEO,))
    put(tmp_path / "archive", "raw", assets=(AssetName.VIDEO_RAW,))
    put_tombstone(tmp_path / "archive", "failed")
    of_all = embedding(tmp_path / "archive")
    write_layout(ParquetLayout(), of_all, tmp_path / "table", media_of(of_all))
    rows = readers.load(tmp_path / "table")["train"]
    kinds = {name: type(feature).__name__ for name, feature in rows.features.items()}
    assert kinds | {"video": "Video", "thumbnail": "Image", "last_frame": "Image"} == kinds
    assert "video_raw" not in kinds
    found = {row["id"]: row for row in rows}
    clips = files(tmp_path / "archive", "video.mp4")
    assert found["all"]["video"] == {"bytes": clips["all"], "path": "all.video.mp4"}
    assert found["bare"]["video"]["bytes"] == clips["bare"]
    assert found["raw"]["video"]["bytes"] == files(tmp_path / "archive", "video_raw.mp4")["raw"]
    for name in ("thumbnail", "last_frame"):
        assert found["all"][name]["bytes"] == files(tmp_path / "archive", f"{name}.jpg")["all"]
        assert found["bare"][name] is None
    assert found["failed"]["video"] is None


def test_wanted_files_alone_are_embedded(tmp_path: Path) -> None:
    """Who names the raw clip gets it, and what is not named is not in the table."""
    put(tmp_path / "archive", "all", assets=tuple(AssetName))
    wanted = (AssetName.VIDEO_RAW,)
    of_all = replace(embedding(tmp_path / "archive", assets=wanted), assets=wanted)
    write_layout(ParquetLayout(), of_all, tmp_path / "table", media_of(of_all))
    (row,) = readers.load(tmp_path / "table")["train"]
    assert row["video_raw"]["bytes"] == files(tmp_path / "archive", "video_raw.mp4")["all"]
    assert not {"video", "thumbnail", "last_frame"} & row.keys()


@pytest.mark.parametrize(
    ("bounds", "sizes"),
    [({"shard_samples": 2}, [2, 2, 1]), ({"shard_bytes": 1}, [1] * 5), ({"shard_bytes": 10**9}, [5])],
)
def test_files_within_are_spread_over_shards(
    tmp_path: Path, bounds: dict[str, int], sizes: list[int]
) -> None:
    """By samples or by bytes; the loader still finds all of the split."""
    for name in "abcde":
        put(tmp_path / "archive", name)
    of_all = embedding(tmp_path / "archive", **bounds)
    digests = write_layout(ParquetLayout(), of_all, tmp_path / "table", media_of(of_all))
    last = len(sizes)
    assert list(digests) == [f"data/train-{i:05d}-of-{last:05d}.parquet" for i in range(last)]
    assert [pq.read_metadata(tmp_path / "table" / name).num_rows for name in digests] == sizes
    assert list(readers.by_datasets(tmp_path / "table")) == list("abcde")


@pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda data: b"x" + data[1:], None])
def test_a_sample_with_a_damaged_file_is_left_out_whole(
    tmp_path: Path, damage: Callable[[bytes], bytes] | None
) -> None:
    """A clip that is not what was archived must not be trained on; the others are not its hostages."""
    for name in "abc":
        put(tmp_path / "archive", name)
    (clip,) = (tmp_path / "archive").glob("generations/**/b/video.mp4")
    whole = clip.read_bytes()
    clip.unlink()
    if damage:
        clip.write_bytes(damage(whole))
    of_all = embedding(tmp_path / "archive")
    media = media_of(of_all)
    write_layout(ParquetLayout(), of_all, tmp_path / "table", media)
    assert [media.is_lost(sample) for sample in of_all.samples["train"]] == [False, True, False]
    assert list(readers.by_pyarrow(tmp_path / "table")) == ["a", "c"]


@dataclass
class Stills(Originals):
    """Gives the clip's file as three frames."""

    def files(self, sample: Sample) -> tuple[MediaFile, ...]:
        """Return what `--frames 3` would."""
        (clip,) = super().files(sample)
        return tuple(replace(clip, field=f"frame_00{number}", extension="jpg") for number in range(3))


def test_frames_are_embedded_as_pictures(tmp_path: Path) -> None:
    """Stills stand in the place of the clip."""
    put(tmp_path / "archive", "one")
    layout = options(FormatName.PARQUET, is_embedded=True, assets=(AssetName.VIDEO,)).layout
    stills = ExportOptions(format=FormatName.PARQUET, layout=layout, transform=TransformOptions(frames=3))
    of_all = plan_of(tmp_path / "archive", stills)
    write_layout(ParquetLayout(), of_all, tmp_path / "table", Stills(of_all))
    rows = readers.load(tmp_path / "table")["train"]
    kinds = {name: type(feature).__name__ for name, feature in rows.features.items()}
    assert [name for name in kinds if kinds[name] == "Image"] == ["frame_000", "frame_001", "frame_002"]
    assert rows[0]["frame_002"]["bytes"] == files(tmp_path / "archive", "video.mp4")["one"]


@dataclass
class Giants(Originals):
    """Says that a clip is larger than it is."""

    def files(self, sample: Sample) -> tuple[MediaFile, ...]:
        """Return a clip of more than two gigabytes for one of the samples."""
        (clip,) = super().files(sample)
        return (replace(clip, size=2_000_000_001) if sample.key == "large" else clip,)


def test_a_clip_that_no_cell_has_room_for_is_left_out(tmp_path: Path) -> None:
    """Parquet counts a cell's bytes by 31 bits; found out within pyarrow it would end the whole export."""
    for name in ("large", "small"):
        put(tmp_path / "archive", name, assets=(AssetName.VIDEO,))
    wanted = (AssetName.VIDEO,)
    of_both = replace(embedding(tmp_path / "archive", assets=wanted), assets=wanted)
    media = Giants(of_both)
    write_layout(ParquetLayout(), of_both, tmp_path / "table", media)
    assert list(readers.by_pyarrow(tmp_path / "table")) == ["small"]
    assert "over 2 GB" in media.lost["large"]


def test_more_shards_than_a_loader_knows_are_refused(tmp_path: Path) -> None:
    """Its pattern has five digits: with six, a split would be dropped in silence."""
    put(tmp_path, "one")
    of_one = embedding(tmp_path, shard_samples=1)
    of_many = replace(of_one, samples={"train": of_one.samples["train"] * 100_000})
    with pytest.raises(UsageError, match="allow for more samples, or more bytes, in a shard"):
        next(ParquetLayout().pieces(of_many, media_of(of_many)))
