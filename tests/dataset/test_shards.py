"""How samples are cut into shards and what their files are called there, decided before a byte is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from archiver.dataset.example import AssetFile
from archiver.dataset.formats.shards import FieldNames, cut
from archiver.dataset.media import MediaFile, open_regular
from archiver.dataset.options import ExportOptions, FormatName, LayoutOptions, TransformOptions
from archiver.dataset.plan import Plan, Sample
from archiver.domain.identity import AssetName
from tests.dataset.examples import example

SIZES = st.lists(st.integers(0, 1000), max_size=30)


@given(SIZES, st.integers(1, 5), st.integers(1, 2000))
def test_shards_are_cut_by_the_recorded_sizes_alone(sizes: list[int], count: int, most: int) -> None:
    """So that an export that was broken off cuts the same ones, whatever it finds damaged this time."""
    samples = [_sized(number, size) for number, size in enumerate(sizes)]
    layout = LayoutOptions(shard_samples=count, shard_bytes=most)
    plan = plan_of(samples, layout)
    shards = cut(samples, plan, plan.assets)
    assert [sample for shard in shards for sample in shard] == samples
    for shard in shards:
        assert 0 < len(shard) <= count
        assert len(shard) == 1 or sum(_size(sample) for sample in shard) <= most
    for shard, following in pairwise(shards):
        assert len(shard) == count or sum(map(_size, [*shard, following[0]])) > most


def _sized(number: int, size: int) -> Sample:
    known = example(f"id-{number}")
    file = replace(known.assets[AssetName.VIDEO], size=size)
    return Sample(
        example=replace(known, assets={AssetName.VIDEO: file}), key=str(number), split="train", caption=""
    )


def _size(sample: Sample) -> int:
    file: AssetFile | None = sample.example.video
    return file.size if file else 0


def plan_of(
    samples: Sequence[Sample],
    layout: LayoutOptions = LayoutOptions(),  # noqa: B008 - frozen
    transform: TransformOptions = TransformOptions(),  # noqa: B008 - frozen
) -> Plan:
    """Return a plan of clips."""
    options = ExportOptions(format=FormatName.WEBDATASET, layout=layout, transform=transform)
    return Plan(root=Path(), options=options, samples={"train": tuple(samples)}, assets=(AssetName.VIDEO,))


def of_kinds(*names: str) -> list[Sample]:
    """Return samples, each with a clip of this name."""
    clips = [example(f"id-{number}", files=(name,)) for number, name in enumerate(names)]
    return [Sample(example=clip, key=clip.id, split="train", caption="") for clip in clips]


def file_of(field: str, extension: str) -> MediaFile:
    """Return a file as a sample has it."""
    path = Path(f"{field}.{extension}")
    return MediaFile(
        field=field,
        extension=extension,
        size=0,
        sha256="",
        path=path,
        opened=lambda: open_regular(path),
    )


def test_clips_of_several_kinds_are_called_as_most_of_them_are() -> None:
    """One WebM among ten thousand MP4s must not be a field of its own, which loaders drop."""
    names = FieldNames(plan_of(of_kinds("video.webm", "video.mp4", "video.mp4")))
    assert {names.of(file_of("video", extension)) for extension in ("mp4", "webm")} == {"mp4"}
    even = FieldNames(plan_of(of_kinds("video.webm", "video.mp4")))
    assert even.of(file_of("video", "webm")) == "mp4"


def test_a_sample_that_has_a_raw_clip_alone_has_it_as_its_clip() -> None:
    """`video` is whatever clip there is."""
    samples = of_kinds("video_raw.mov")
    assert FieldNames(plan_of(samples)).of(file_of("video", "mov")) == "mov"
    assert cut(samples, plan_of(samples), [AssetName.VIDEO]) == [samples]


def test_what_was_made_of_clips_is_called_what_it_is() -> None:
    """A clip made anew is an MP4, whatever the original was."""
    names = FieldNames(plan_of(of_kinds("video.webm"), transform=TransformOptions(resize=64)))
    assert names.of(file_of("video", "mp4")) == "mp4"
    assert names.of(file_of("frame_007", "jpg")) == "frame_007.jpg"
