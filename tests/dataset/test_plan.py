"""Keys and plans: decided before a byte is written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.dataset.options import (
    ExportOptions,
    FormatName,
    LayoutOptions,
    SelectionOptions,
    TransformOptions,
)
from archiver.dataset.plan import has_split_word, key_of
from archiver.dataset.planning import idle_options, plan_export, refuse_idle_options
from archiver.dataset.sources import columns_of
from archiver.domain.errors import UsageError
from archiver.domain.identity import AssetName
from tests.dataset.examples import example

IDS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,40}", fullmatch=True)
WORDS = st.lists(
    st.sampled_from(["train", "TEST", "val", "dev", "eval", "x", "7", ".", "-", "_"]), min_size=1, max_size=8
).map("".join)


@given(IDS | WORDS)
def test_a_key_has_no_dot_and_no_word_that_loaders_read(name: str) -> None:
    """A dot would end it in a tar of samples, `val` draw it into another split: rows lost in silence."""
    key = key_of(name)
    assert re.fullmatch(r"[A-Za-z0-9_-]+", key)
    assert not has_split_word(key)


@given(st.sets(IDS | WORDS, max_size=20))
def test_no_two_ids_have_one_key(names: set[str]) -> None:
    """Else one clip would replace another."""
    assert len({key_of(name) for name in names}) == len(names)


def test_an_ordinary_id_is_its_own_key() -> None:
    """Whoever looks for a generation finds it."""
    assert key_of("4665a07c-7641-4809-a133-10786201bb56") == "4665a07c-7641-4809-a133-10786201bb56"


def test_what_not_every_generation_has_is_in_no_sample() -> None:
    """Loaders infer the fields from the first few samples: a later one without fails, or is dropped."""
    examples = [example("a", files=("video.mp4", "thumbnail.jpg")), example("b")]
    planned = plan_export(Path(), ExportOptions(format=FormatName.WEBDATASET), examples, columns_of(examples))
    assert planned.plan.assets == (AssetName.VIDEO,)
    assert planned.partial_assets == (AssetName.THUMBNAIL,)
    assert planned.plan.count == 2


def test_what_is_insisted_on_leaves_out_who_lacks_it() -> None:
    """`--assets` says which files a sample must have."""
    examples = [example("a", files=("video.mp4", "thumbnail.jpg")), example("b")]
    layout = LayoutOptions(assets=(AssetName.THUMBNAIL,))
    options = ExportOptions(format=FormatName.WEBDATASET, layout=layout)
    planned = plan_export(Path(), options, examples, columns_of(examples))
    assert planned.plan.assets == (AssetName.VIDEO, AssetName.THUMBNAIL)
    assert [sample.key for sample in planned.plan.samples["train"]] == ["a"]
    assert planned.lacking == {"b": AssetName.THUMBNAIL}


def test_stills_are_made_of_clips_and_take_their_place() -> None:
    """`--frames` asks for pictures of the clip: a folder of images then has those, and no thumbnails."""
    examples = [example("a", files=("video.mp4", "thumbnail.jpg"))]
    options = ExportOptions(format=FormatName.IMAGEFOLDER, transform=TransformOptions(frames=4))
    assert plan_export(Path(), options, examples, columns_of(examples)).plan.assets == (AssetName.VIDEO,)


@pytest.mark.parametrize("name", [FormatName.CSV, FormatName.PARQUET, FormatName.IMAGEFOLDER])
def test_a_change_that_nothing_would_notice_is_refused(name: FormatName) -> None:
    """Whoever asks for 8 frames a second and gets a table of 24 was not heard."""
    options = ExportOptions(format=name, transform=TransformOptions(fps=8))
    with pytest.raises(UsageError, match="no clips in it"):
        refuse_idle_options(options)


def test_a_change_without_a_clip_that_is_wanted_is_refused() -> None:
    """Thumbnails alone stay as they are, whatever is asked for clips."""
    layout = LayoutOptions(assets=(AssetName.THUMBNAIL,), is_embedded=True)
    options = ExportOptions(format=FormatName.PARQUET, layout=layout, transform=TransformOptions(resize=64))
    with pytest.raises(UsageError, match="no clip is wanted"):
        refuse_idle_options(options)


def test_pictures_beside_changed_clips_may_be_named_alone() -> None:
    """Every sample of these formats has its clip."""
    layout = LayoutOptions(assets=(AssetName.THUMBNAIL,))
    transform = TransformOptions(resize=64)
    options = ExportOptions(format=FormatName.WEBDATASET, layout=layout, transform=transform)
    refuse_idle_options(options)
    examples = [example("a", files=("video.mp4", "thumbnail.jpg"))]
    planned = plan_export(Path(), options, examples, columns_of(examples))
    assert planned.plan.assets == (AssetName.VIDEO, AssetName.THUMBNAIL)


@pytest.mark.parametrize(
    ("options", "idle"),
    [
        (ExportOptions(format=FormatName.WEBDATASET, layout=LayoutOptions(shard_samples=3)), []),
        (
            ExportOptions(format=FormatName.CSV, layout=LayoutOptions(shard_samples=3, shard_bytes=9)),
            ["--shard-samples", "--shard-size"],
        ),
        (
            ExportOptions(format=FormatName.BAGIT, layout=LayoutOptions(split="a=0.5,b=0.5", caption="{id}")),
            ["--split", "--caption"],
        ),
        (
            ExportOptions(format=FormatName.JSONL, layout=LayoutOptions(assets=(AssetName.VIDEO,))),
            ["--assets"],
        ),
        (ExportOptions(format=FormatName.VIDEOFOLDER, layout=LayoutOptions(metadata="parquet")), []),
        (ExportOptions(format=FormatName.BAGIT, layout=LayoutOptions(metadata="parquet")), ["--metadata"]),
        (ExportOptions(format=FormatName.CSV, selection=SelectionOptions(seed=1)), ["--seed"]),
        (ExportOptions(format=FormatName.CSV, selection=SelectionOptions(seed=1, sample=2)), []),
    ],
)
def test_what_a_format_takes_no_notice_of_is_known(options: ExportOptions, idle: list[str]) -> None:
    """Whoever gave it is told, and gets his dataset all the same."""
    assert idle_options(options) == idle


def test_stills_beside_thumbnails_are_of_every_clip() -> None:
    """`--frames 4 --assets thumbnail`: the clip is wanted for its stills, and who has none is left out."""
    examples = [example("a", files=("video.mp4", "thumbnail.jpg")), example("b", files=("thumbnail.jpg",))]
    layout = LayoutOptions(assets=(AssetName.THUMBNAIL,))
    transform = TransformOptions(frames=4)
    options = ExportOptions(format=FormatName.IMAGEFOLDER, layout=layout, transform=transform)
    planned = plan_export(Path(), options, examples, columns_of(examples))
    assert planned.plan.assets == (AssetName.VIDEO, AssetName.THUMBNAIL)
    assert planned.lacking == {"b": AssetName.VIDEO}


def test_pictures_of_generations_without_a_clip_do_not_count() -> None:
    """As many thumbnails as clips, but not of the same generations: no clip is left out for that."""
    examples = [
        example("a", files=("video.mp4", "thumbnail.jpg")),
        example("b"),
        example("c", files=("thumbnail.jpg",)),
    ]
    planned = plan_export(Path(), ExportOptions(format=FormatName.WEBDATASET), examples, columns_of(examples))
    assert [sample.key for sample in planned.plan.samples["train"]] == ["a", "b"]
    assert planned.partial_assets == (AssetName.THUMBNAIL,)


def test_a_nul_in_a_prompt_leaves_that_generation_out_with_a_reason() -> None:
    """One prompt that no text file can hold costs itself alone."""
    examples = [example("a", prompt="cat\0dance"), example("b")]
    planned = plan_export(Path(), ExportOptions(format=FormatName.CSV), examples, columns_of(examples))
    assert planned.plan.count == 1
    assert "NUL" in planned.refused[examples[0].id]
    captioned = ExportOptions(format=FormatName.CSV, layout=LayoutOptions(caption="{id}"))
    planned = plan_export(Path(), captioned, examples, columns_of(examples))
    assert planned.refused[examples[0].id].endswith("leave it out by --where")


def test_a_bag_has_no_captions_that_could_be_refused() -> None:
    """It has files as they are."""
    examples = [example("a", prompt="cat\0dance")]
    planned = plan_export(Path(), ExportOptions(format=FormatName.BAGIT), examples, columns_of(examples))
    assert planned.plan.count == 1


def test_a_split_by_column_needs_the_column_everywhere() -> None:
    """A clip that nobody placed must not end up in train by default."""
    examples = [example("a", row={"split": "test"}), example("b")]
    options = ExportOptions(format=FormatName.CSV, layout=LayoutOptions(split="column:split"))
    with pytest.raises(UsageError, match="b has nothing in the column"):
        plan_export(Path(), options, examples, columns_of(examples))
    planned = plan_export(Path(), options, examples[:1], columns_of(examples))
    assert list(planned.plan.samples) == ["test"]
