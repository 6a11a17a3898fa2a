"""The layout of video2dataset: its keys, its table and its counts, and tars that its readers read."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from archiver.dataset.formats.video2dataset import Video2datasetLayout
from archiver.dataset.options import FormatName, TransformOptions
from archiver.dataset.plan import Plan
from archiver.domain.errors import UsageError
from archiver.domain.identity import AssetName
from tests.dataset.folders import HARD_PROMPTS, archived, make_archive
from tests.dataset.shards import by_webdataset, export, folder_by_datasets
from tests.dataset.shards import plan_of as any_plan_of

IDS = [f"clip.{number}-train" for number in range(len(HARD_PROMPTS))]
PROMPTS = dict(zip(IDS, HARD_PROMPTS, strict=True))


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an archive of real clips with hard prompts and ids. Do not write to it."""
    return make_archive(tmp_path_factory.mktemp("shards"), PROMPTS, {IDS[0]: {"tags": ["a", "b"]}})


def plan_of(archive: Path, **layout: Any) -> Plan:  # noqa: ANN401 - any of the layout's options
    """Return the plan of all that is in an archive."""
    return any_plan_of(archive, FormatName.VIDEO2DATASET, **layout)


def names_in(folder: Path) -> list[str]:
    """Return the paths of a dataset's files, its record and its card aside."""
    paths = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return sorted(path for path in paths if not path.startswith(".") and path != "README.md")


def table(path: Path) -> list[dict[str, Any]]:
    """Return a Parquet file's rows."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - takes a while to import

    return pq.read_table(path).to_pylist()


def test_webdataset_loads_every_clip_and_caption(archive: Path, tmp_path: Path) -> None:
    """Its users read its tars by that library: byte for byte, from two of them."""
    record, _ = export(Video2datasetLayout(), plan_of(archive, shard_samples=4), tmp_path / "ds")
    assert names_in(tmp_path / "ds") == [
        f"0000{number}{suffix}" for number in range(2) for suffix in (".parquet", ".tar", "_stats.json")
    ]
    loaded = by_webdataset(sorted((tmp_path / "ds").glob("*.tar")))
    assert {key: sample["mp4"] for key, sample in loaded.items()} == archived(archive, "video")
    assert {key: sample["txt"].decode() for key, sample in loaded.items()} == PROMPTS
    assert record.counts["samples"] == len(loaded) == len(IDS)


@pytest.mark.parametrize(
    ("shard_samples", "keys"),
    [
        (1000, ["00000000", "00000001", "00000002", "00000003", "00000004", "00000005"]),
        (4, ["000000", "000001", "000002", "000003", "000010", "000011"]),
        (1, ["00000", "00001", "00002", "00003", "00004", "00005"]),
        (10, ["000000", "000001", "000002", "000003", "000004", "000005"]),
        (11, ["0000000", "0000001", "0000002", "0000003", "0000004", "0000005"]),
    ],
)
def test_keys_are_the_shard_and_the_place_in_it(
    archive: Path, tmp_path: Path, shard_samples: int, keys: list[str]
) -> None:
    """As `compute_key` has them: five digits for the shard, and as many as the samples of one need."""
    export(Video2datasetLayout(), plan_of(archive, shard_samples=shard_samples), tmp_path / "ds")
    found = []
    for shard in sorted((tmp_path / "ds").glob("*.tar")):
        with tarfile.open(shard) as tar:
            names = tar.getnames()
        assert [name.partition(".")[2] for name in names] == ["json", "mp4", "txt"] * (len(names) // 3)
        found += [name.partition(".")[0] for name in names[::3]]
    assert found == keys


def test_the_table_says_what_the_json_files_say(archive: Path, tmp_path: Path) -> None:
    """With video2dataset's own columns first; which generation it is, and where its clip lies, is told."""
    export(Video2datasetLayout(), plan_of(archive), tmp_path / "ds")
    rows = table(tmp_path / "ds/00000.parquet")
    loaded = by_webdataset([tmp_path / "ds/00000.tar"])
    assert rows == [json.loads(sample["json"]) for sample in loaded.values()]
    assert list(rows[0])[:5] == ["url", "caption", "key", "status", "error_message"]
    assert [row["key"] for row in rows] == [sample["__key__"] for sample in loaded.values()]
    assert {row["id"]: row["caption"] for row in rows} == PROMPTS
    assert all((row["status"], row["error_message"]) == ("success", None) for row in rows)
    assert {(row["original_width"], row["original_height"], row["frames"]) for row in rows} == {(64, 48, 8)}
    clips = {row["id"]: (archive / row["url"]).read_bytes() for row in rows}
    assert clips == archived(archive, "video")


def test_counts_are_what_was_written_and_know_no_time(archive: Path, tmp_path: Path) -> None:
    """Whoever adds them up gets the rows that are there; a time would make every export another one."""
    export(Video2datasetLayout(), plan_of(archive), tmp_path / "ds")
    assert json.loads((tmp_path / "ds/00000_stats.json").read_bytes()) == {
        "count": 6,
        "successes": 6,
        "failed_to_download": 0,
        "failed_to_subsample": 0,
        "duration": 0.0,
        "bytes_downloaded": sum(map(len, archived(archive, "video").values())),
        "start_time": 0.0,
        "end_time": 0.0,
        "status_dict": {"success": 6},
    }


def test_a_second_export_is_the_same_bytes(archive: Path, tmp_path: Path) -> None:
    """Tars, tables and counts."""
    one, _ = export(Video2datasetLayout(), plan_of(archive, shard_samples=4), tmp_path / "one")
    two, _ = export(Video2datasetLayout(), plan_of(archive, shard_samples=4), tmp_path / "two")
    assert one == two
    for file in one.files:
        assert (tmp_path / "one" / file.path).read_bytes() == (tmp_path / "two" / file.path).read_bytes()


def test_splits_are_folders_even_where_all_is_in_one(archive: Path, tmp_path: Path) -> None:
    """What is asked for decides, not what there is yet: growing moves no file."""
    plan = plan_of(archive, split="train=0.5,val=0.5")
    record, _ = export(Video2datasetLayout(), plan, tmp_path / "ds")
    assert names_in(tmp_path / "ds") == [
        f"{split}/00000{suffix}"
        for split in ("train", "val")
        for suffix in (".parquet", ".tar", "_stats.json")
    ]
    for split, ids in record.ids.items():
        assert tuple(by_webdataset([tmp_path / "ds" / split / "00000.tar"])) == ids
    loaded = {
        split: tuple(row["json"]["id"] for row in rows) for split, rows in folder_by_datasets(tmp_path / "ds")
    }
    assert loaded == record.ids
    export(Video2datasetLayout(), plan_of(archive, split="train=1,val=0"), tmp_path / "all")
    assert names_in(tmp_path / "all")[0] == "train/00000.parquet"


def test_pictures_are_in_it_where_they_are_asked_for(archive: Path, tmp_path: Path) -> None:
    """The layout knows clips alone; whoever names a picture wants it all the same."""
    plan = plan_of(archive, assets=(AssetName.VIDEO, AssetName.THUMBNAIL))
    export(Video2datasetLayout(), plan, tmp_path / "ds")
    loaded = by_webdataset([tmp_path / "ds/00000.tar"])
    assert {key: sample["thumbnail.jpg"] for key, sample in loaded.items()} == archived(archive, "thumbnail")


def test_a_damaged_clip_is_in_none_of_the_three_and_moves_no_key(tmp_path: Path) -> None:
    """The keys of the others stay those that a whole export has."""
    archive = make_archive(tmp_path, {"a": "first", "b": "second", "c": "third"})
    (damaged,) = archive.glob("generations/**/b/video.mp4")
    damaged.write_bytes(damaged.read_bytes()[:-1])
    _, lost = export(Video2datasetLayout(), plan_of(archive), tmp_path / "ds")
    assert len(lost) == 1
    loaded = by_webdataset([tmp_path / "ds/00000.tar"])
    assert {key: sample["__key__"] for key, sample in loaded.items()} == {"a": "00000000", "c": "00000002"}
    assert [row["id"] for row in table(tmp_path / "ds/00000.parquet")] == ["a", "c"]
    assert json.loads((tmp_path / "ds/00000_stats.json").read_bytes())["count"] == 2


def test_stills_are_refused(archive: Path, tmp_path: Path) -> None:
    """Its readers look for clips."""
    plan = any_plan_of(archive, FormatName.VIDEO2DATASET, transform=TransformOptions(frames=4))
    with pytest.raises(UsageError, match="leave --frames out"):
        export(Video2datasetLayout(), plan, tmp_path / "ds")
