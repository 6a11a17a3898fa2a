"""WebDataset: every sample whole and as the archive has it, by both libraries that load it."""

from __future__ import annotations

import asyncio
import io
import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.dataset.formats.webdataset import WebdatasetLayout
from archiver.dataset.media import LostSampleError, Media, MediaFile, open_regular
from archiver.dataset.options import TransformOptions
from archiver.dataset.plan import Sample
from archiver.domain.identity import AssetName
from tests.dataset.folders import HARD_PROMPTS, archived, make_archive
from tests.dataset.shards import Loaded, by_datasets, by_webdataset, export, folder_by_datasets, plan_of
from tests.dataset.shelf import put
from tests.dataset.writing import PlainOutput
from tests.nightly.made import keep
from tests.runs.running import options_for, run_ids
from tests.simulator import Recipe, Service, make_clip

IDS = [f"clip.{number}-train" for number in range(len(HARD_PROMPTS))]
PROMPTS = dict(zip(IDS, HARD_PROMPTS, strict=True))
CAPTIONS = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
ASSETS = ("video", "thumbnail", "last_frame")


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an archive of real clips with hard prompts and ids. Do not write to it."""
    return make_archive(tmp_path_factory.mktemp("shards"), PROMPTS, {IDS[0]: {"tags": ["a", "b"], "take": 1}})


def shards_in(dest: Path, split: str = "train") -> list[Path]:
    """Return the paths of a split's shards."""
    return sorted(dest.glob(f"{split}-*.tar"))


def names_in(shard: Path) -> list[str]:
    """Return the names of a shard's members."""
    with tarfile.open(shard) as tar:
        return tar.getnames()


def json_in(dest: Path) -> dict[str, dict[str, Any]]:
    """Return what the JSON of every sample says, by id."""
    return {key: json.loads(sample["json"]) for key, sample in by_webdataset(shards_in(dest)).items()}


def truth_of(archive: Path) -> dict[str, dict[str, bytes]]:
    """Return the bytes of every file of the archive, by asset and id."""
    return {asset: archived(archive, asset) for asset in ASSETS}


def test_webdataset_loads_every_file_and_caption(archive: Path, tmp_path: Path) -> None:
    """Byte for byte, from two shards, whatever is in the prompts and ids."""
    record, lost = export(WebdatasetLayout(), plan_of(archive, shard_samples=4), tmp_path / "ds")
    assert [path.name for path in shards_in(tmp_path / "ds")] == ["train-000000.tar", "train-000001.tar"]
    assert lost == []
    loaded = by_webdataset(shards_in(tmp_path / "ds"))
    truth = truth_of(archive)
    assert {key: sample["mp4"] for key, sample in loaded.items()} == truth["video"]
    assert {key: sample["thumbnail.jpg"] for key, sample in loaded.items()} == truth["thumbnail"]
    assert {key: sample["last_frame.jpg"] for key, sample in loaded.items()} == truth["last_frame"]
    assert {key: sample["txt"].decode() for key, sample in loaded.items()} == PROMPTS
    assert record.counts["samples"] == len(loaded) == len(IDS)


@pytest.mark.parametrize("streaming", [False, True])
def test_datasets_loads_every_file_and_caption(archive: Path, tmp_path: Path, *, streaming: bool) -> None:
    """Every split has as many rows as were written: a loader that drops some says nothing of it."""
    plan = plan_of(archive, split="train=0.5,val=0.5", shard_samples=2)
    record, _ = export(WebdatasetLayout(), plan, tmp_path / "ds")
    paths = {split: shards_in(tmp_path / "ds", split) for split in plan.samples}
    found = by_datasets(paths, tmp_path / "cache", streaming=streaming)
    assert {split: set(rows) for split, rows in found.items()} == {
        split: set(ids) for split, ids in record.ids.items()
    }
    assert len(found) == 2
    loaded = {key: row for rows in found.values() for key, row in rows.items()}
    truth = truth_of(archive)
    # datasets 4.4 knows no videos in tars: it gives the bytes as they are.
    clips = {key: row["mp4"] for key, row in loaded.items()}
    assert {key: clip if isinstance(clip, bytes) else clip["bytes"] for key, clip in clips.items()} == truth[
        "video"
    ]
    assert {key: row["thumbnail.jpg"]["bytes"] for key, row in loaded.items()} == truth["thumbnail"]
    assert {key: row["txt"] for key, row in loaded.items()} == PROMPTS
    assert {key: row["json"]["prompt"] for key, row in loaded.items()} == PROMPTS


def test_a_second_export_is_the_same_bytes(archive: Path, tmp_path: Path) -> None:
    """Whenever, wherever and however often: a digest in a paper can be had again."""
    one, _ = export(WebdatasetLayout(), plan_of(archive, shard_samples=4), tmp_path / "one")
    two, _ = export(WebdatasetLayout(), plan_of(archive, shard_samples=4), tmp_path / "two")
    assert one == two
    assert all(
        (tmp_path / "one" / file.path).read_bytes() == (tmp_path / "two" / file.path).read_bytes()
        for file in one.files
    )


def test_members_are_sorted_and_keys_have_neither_dots_nor_words_of_splits(
    archive: Path, tmp_path: Path
) -> None:
    """A dot would end the key: all clips of ids like `clip.0` would be one sample with six fields."""
    plan = plan_of(archive, assets=(AssetName.VIDEO, AssetName.VIDEO_RAW, AssetName.THUMBNAIL))
    export(WebdatasetLayout(), plan, tmp_path / "ds")
    (shard,) = shards_in(tmp_path / "ds")
    names = names_in(shard)
    keys = [sample.key for sample in plan.samples["train"]]
    fields = ("json", "mp4", "thumbnail.jpg", "txt", "video_raw.mp4")
    assert names == [f"{key}.{field}" for key in keys for field in fields]
    assert not any("train" in key or "." in key for key in keys)


def test_the_json_says_what_is_known_and_the_answer_verbatim(archive: Path, tmp_path: Path) -> None:
    """Measurements and digests to filter by; the rest as JSON in a text, for its shape varies."""
    export(WebdatasetLayout(), plan_of(archive), tmp_path / "ds")
    found = json_in(tmp_path / "ds")[IDS[0]]
    (path,) = archive.glob(f"generations/**/{IDS[0]}/sidecar.json")
    sidecar = json.loads(path.read_bytes())
    measured = {name: found[name] for name in ("width", "height", "frames", "codec", "frame_rate")}
    assert measured == {"width": 64, "height": 48, "frames": 8, "codec": "h264", "frame_rate": 24.0}
    digests = {name: file["sha256"] for name, file in found["files"].items()}
    assert digests == {name: sidecar["assets"][name]["sha256"] for name in ASSETS}
    assert json.loads(found["response"]) == sidecar["response"]
    assert json.loads(found["manifest_row"]) == sidecar["manifest_row"]
    assert found["tags"] == "a,b"


@pytest.mark.parametrize("streaming", [False, True])
def test_what_is_unknown_in_the_first_samples_is_loaded_where_it_is_known(
    tmp_path: Path, *, streaming: bool
) -> None:
    """`datasets` takes the types from the first five samples, and fails on a number where they had null."""
    for number in range(6):
        keep(tmp_path / "archive", f"a{number}", prompt=None, created_at=None, aspect_ratio=None)
    put(tmp_path / "archive", "b", assets=(AssetName.VIDEO,), manifest_row={"tags": ["x"], "take": 1.5})
    export(WebdatasetLayout(), plan_of(tmp_path / "archive"), tmp_path / "ds")
    paths = {"train": shards_in(tmp_path / "ds")}
    loaded = by_datasets(paths, tmp_path / "cache", streaming=streaming)["train"]
    assert len(loaded) == 7
    known, unknown = loaded["b"]["json"], loaded["a0"]["json"]
    assert (known["width"], known["duration"], known["prompt"], known["tags"]) == (
        1360,
        5.041667,
        "cat dance",
        "x",
    )
    assert (unknown["width"], unknown["duration"], unknown["prompt"], unknown["tags"]) == (0, 0.0, "", "")
    assert {name: type(value) for name, value in known.items()} == {
        name: type(value) for name, value in unknown.items()
    }


def test_pictures_of_several_kinds_are_one_field_and_keep_their_bytes(tmp_path: Path) -> None:
    """The service's image hosts answer JPEG or WebP as they like; Pillow goes by the bytes."""
    kinds = {"a": "JPEG", "b": "WEBP", "c": "JPEG"}
    archive = asyncio.run(_with_pictures(tmp_path / "archive", kinds))
    export(WebdatasetLayout(), plan_of(archive), tmp_path / "ds")
    loaded = by_datasets({"train": shards_in(tmp_path / "ds")}, tmp_path / "cache", streaming=False)["train"]
    pictures = archived(archive, "thumbnail")
    assert {key: row["thumbnail.jpg"]["bytes"] for key, row in loaded.items()} == pictures
    kept = {key: row["json"]["files"]["thumbnail"]["extension"] for key, row in loaded.items()}
    assert kept == {"a": "jpg", "b": "webp", "c": "jpg"}


async def _with_pictures(archive: Path, kinds: Mapping[str, str]) -> Path:
    async with Service() as service:
        for seed, (name, kind) in enumerate(kinds.items()):
            service.serve(name, make_clip(Recipe(seed=seed, frames=8, picture=kind)))
        assert (await run_ids(options_for(service, archive), *kinds)).report.exit_code == 0
    return archive


@pytest.mark.parametrize("asset", ASSETS)
def test_a_sample_with_a_damaged_file_is_left_out_whole(tmp_path: Path, asset: str) -> None:
    """Half a sample would load, without its clip or with a picture that is none; the rest loads as ever."""
    archive = make_archive(tmp_path, {"a": "first", "b": "second", "c": "third"})
    (damaged,) = archive.glob(f"generations/**/b/{asset}.*")
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"?")
    record, lost = export(WebdatasetLayout(), plan_of(archive), tmp_path / "ds")
    loaded = by_webdataset(shards_in(tmp_path / "ds"))
    assert sorted(loaded) == ["a", "c"]
    assert {key: sample["mp4"] for key, sample in loaded.items()} == {
        key: archived(archive, "video")[key] for key in ("a", "c")
    }
    assert record.ids == {"train": ("a", "c")}
    assert lost == [f"{damaged.name} is not what its sidecar records: run `luma-archiver verify --repair`"]


def test_a_shard_of_which_nothing_is_left_is_not_written(tmp_path: Path) -> None:
    """`datasets` takes the fields from the first shard and fails where that has no sample."""
    for name in ("a", "b"):
        keep(tmp_path / "archive", name)
    (damaged,) = (tmp_path / "archive").glob("generations/**/a/video.mp4")
    damaged.write_bytes(b"")
    plan = plan_of(tmp_path / "archive", shard_samples=1)
    record, lost = export(WebdatasetLayout(), plan, tmp_path / "ds")
    assert [file.path for file in record.files] == ["README.md", "train-000001.tar"]
    assert len(lost) == 1
    paths = {"train": shards_in(tmp_path / "ds")}
    assert list(by_datasets(paths, tmp_path / "cache", streaming=False)["train"]) == ["b"]


@given(caption=CAPTIONS)
@settings(max_examples=50)
def test_captions_survive_to_the_letter(archive: Path, caption: str) -> None:
    """Line ends, marks of direction, lone accents: nothing is added, taken away or made alike."""
    plan = plan_of(archive)
    sample = replace(plan.samples["train"][0], caption=caption)
    piece, _card = WebdatasetLayout().pieces(replace(plan, samples={"train": (sample,)}), _NoFiles())
    file = io.BytesIO()
    piece.write(PlainOutput(file))
    file.seek(0)
    with tarfile.open(fileobj=file) as tar:
        text = tar.extractfile(f"{sample.key}.txt")
        assert text is not None
        assert text.read().decode() == caption


class _NoFiles:
    """Samples without files."""

    def files(self, sample: Sample) -> tuple[MediaFile, ...]:
        """Return none."""
        del sample
        return ()

    def lose(self, sample: Sample, error: LostSampleError) -> None:
        """Lose nothing."""
        del sample
        raise error

    def pass_by(self, sample: Sample) -> None:
        """Nobody watches."""

    def is_lost(self, sample: Sample) -> bool:
        """Tell that nothing is lost."""
        del sample
        return False


def test_stills_stand_in_the_clips_place(archive: Path, tmp_path: Path) -> None:
    """With --frames a sample has pictures instead of its clip."""
    plan = plan_of(archive, transform=TransformOptions(frames=2), assets=(AssetName.VIDEO,))
    export(WebdatasetLayout(), plan, tmp_path / "ds", _Stills)
    loaded = by_datasets({"train": shards_in(tmp_path / "ds")}, tmp_path / "cache", streaming=False)["train"]
    stills = archived(archive, "thumbnail")
    for key, row in loaded.items():
        assert [row[f"frame_00{number}.jpg"]["bytes"] for number in range(2)] == [stills[key]] * 2
        assert row["json"]["original_frames"] == 8
        assert "mp4" not in row


@dataclass
class _Stills:
    """Gives every clip as two stills, which are its thumbnail."""

    within: Media

    def files(self, sample: Sample) -> tuple[MediaFile, ...]:
        """Return them."""
        (clip,) = self.within.files(sample)
        thumbnail = sample.example.assets[AssetName.THUMBNAIL]
        still = replace(
            clip,
            extension=thumbnail.extension,
            size=thumbnail.size,
            sha256=thumbnail.sha256,
            opened=partial(open_regular, clip.path.parent / thumbnail.name),
        )
        return tuple(replace(still, field=f"frame_{number:03d}") for number in range(2))

    def lose(self, sample: Sample, error: LostSampleError) -> None:
        """Take note of a loss."""
        self.within.lose(sample, error)

    def pass_by(self, sample: Sample) -> None:
        """Nobody watches."""

    def is_lost(self, sample: Sample) -> bool:
        """Tell of one."""
        return self.within.is_lost(sample)


def test_a_newcomer_gets_every_split_under_its_name(archive: Path, tmp_path: Path) -> None:
    """Without the card `load_dataset(folder)` drops a split called `hold_out` in silence."""
    record, _ = export(WebdatasetLayout(), plan_of(archive, split="train=0.5,hold_out=0.5"), tmp_path / "ds")
    found = {
        split: [row["json"]["id"] for row in rows] for split, rows in folder_by_datasets(tmp_path / "ds")
    }
    assert {split: tuple(ids) for split, ids in found.items()} == record.ids
    assert len(found) == 2


def test_nothing_but_shards_and_the_card_lies_in_the_folder(archive: Path, tmp_path: Path) -> None:
    """A loader that is given the folder reads what is in it; the record stands in a hidden one."""
    export(WebdatasetLayout(), plan_of(archive), tmp_path / "ds")
    assert sorted(path.name for path in (tmp_path / "ds").iterdir()) == [
        ".dataset",
        "README.md",
        "train-000000.tar",
    ]
    loaded: Loaded = by_webdataset(shards_in(tmp_path / "ds"))
    assert len(loaded) == len(IDS)
