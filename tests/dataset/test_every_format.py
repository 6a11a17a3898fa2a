"""From the bundled service to every library that loads a dataset: bytes and captions are the archive's."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from archiver.cli.main import main
from archiver.domain.sidecar import Sidecar, Verification
from archiver.storage.archive import Archive
from tests.dataset.shards import by_datasets, by_webdataset

FORMATS = ("webdataset", "videofolder", "imagefolder", "parquet", "csv", "jsonl", "video2dataset", "bagit")


@dataclass(frozen=True, slots=True)
class Truth:
    """What the archive has, by id: prompts, and the bytes of clips and pictures."""

    prompts: Mapping[str, str]
    clips: Mapping[str, bytes]
    pictures: Mapping[str, Mapping[str, bytes]]


@pytest.fixture(scope="session")
def truth(demo_archive: Path) -> Truth:
    """Read once, from the sidecars and the files beside them."""
    prompts, clips, pictures = {}, {}, {}
    for folder, sidecar in Archive.open(demo_archive, writable=False).sidecars():
        assert isinstance(sidecar, Sidecar)
        if sidecar.verification is not Verification.VERIFIED:
            continue
        files = {
            name.value: (demo_archive / folder / record.path).read_bytes()
            for name, record in sidecar.assets.items()
            if record.path
        }
        prompts[sidecar.id] = sidecar.prompt or ""
        clips[sidecar.id] = files.pop("video")
        pictures[sidecar.id] = {name: data for name, data in files.items() if name != "video_raw"}
    assert len(clips) >= 3
    return Truth(prompts, clips, pictures)


def export(name: str, dest: Path, archive: Path, *options: str) -> int:
    """Run the command."""
    return main(["export", name, str(dest), "--archive", str(archive), *options])


def record_of(dest: Path) -> dict[str, Any]:
    """Return the record of a dataset."""
    found: dict[str, Any] = json.loads((dest / ".dataset" / "dataset.json").read_bytes())
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMATS)
def test_a_second_export_has_the_same_digests(name: str, demo_archive: Path, tmp_path: Path) -> None:
    """The same archive and options give the same bytes, and so does the record of the first."""
    assert export(name, tmp_path / "one", demo_archive) == 0
    assert export(name, tmp_path / "two", demo_archive) == 0
    again = ["export", "--from", str(tmp_path / "one" / ".dataset" / "dataset.json"), str(tmp_path / "three")]
    assert main([*again, "--archive", str(demo_archive)]) == 0
    first = record_of(tmp_path / "one")
    assert first["files"]
    assert record_of(tmp_path / "two") == first
    assert record_of(tmp_path / "three") == first
    for file in first["files"]:
        assert (tmp_path / "two" / file["path"]).read_bytes() == (
            tmp_path / "one" / file["path"]
        ).read_bytes()


def test_webdataset_loads_by_its_library(demo_archive: Path, truth: Truth, tmp_path: Path) -> None:
    """Every sample has its clip, its caption and its pictures, byte for byte."""
    assert export("webdataset", tmp_path / "ds", demo_archive) == 0
    shards = sorted((tmp_path / "ds").glob("train-*.tar"))
    found = by_webdataset(shards)
    assert by_datasets({"train": shards}, tmp_path / "cache", streaming=False)["train"].keys() == found.keys()
    assert {key: sample["mp4"] for key, sample in found.items()} == truth.clips
    assert {key: sample["txt"].decode() for key, sample in found.items()} == truth.prompts
    for key, pictures in truth.pictures.items():
        assert {name: found[key][f"{name}.jpg"] for name in pictures} == pictures


def test_bagit_validates_by_its_program(demo_archive: Path, truth: Truth, tmp_path: Path) -> None:
    """An archivist's own tool says that the bag is whole."""
    assert export("bagit", tmp_path / "bag", demo_archive) == 0
    command = [sys.executable, "-m", "bagit", "--validate", "--quiet", str(tmp_path / "bag")]
    assert subprocess.run(command, check=False).returncode == 0  # noqa: S603 - our own interpreter
    clips = {path.parent.name: path.read_bytes() for path in (tmp_path / "bag" / "data").rglob("video.mp4")}
    assert clips == truth.clips


def test_video2dataset_reads_as_a_webdataset(demo_archive: Path, truth: Truth, tmp_path: Path) -> None:
    """Its tars are read by whoever reads its own."""
    assert export("video2dataset", tmp_path / "ds", demo_archive) == 0
    with tarfile.open(tmp_path / "ds" / "00000.tar") as shard:
        files = [shard.extractfile(member) for member in shard if member.name.endswith(".mp4")]
        clips = {file.read() for file in files if file}
    assert clips == set(truth.clips.values())


def test_tables_have_a_row_for_every_generation(demo_archive: Path, truth: Truth, tmp_path: Path) -> None:
    """The three tables say the same; a newline in a prompt does not make two rows."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - takes half a second to import

    for name in ("csv", "jsonl", "parquet"):
        assert export(name, tmp_path / name, demo_archive) == 0
    with (tmp_path / "csv" / "train.csv").open(newline="", encoding="utf-8") as file:
        by_csv = {row["id"]: row["caption"] for row in csv.DictReader(file)}
    lines = (tmp_path / "jsonl" / "train.jsonl").read_text(encoding="utf-8").split("\n")
    by_jsonl = {row["id"]: row["caption"] for row in map(json.loads, filter(None, lines))}
    (parquet,) = (tmp_path / "parquet").rglob("*.parquet")
    by_parquet = {row["id"]: row["caption"] for row in pq.read_table(parquet).to_pylist()}
    assert by_csv == by_jsonl == by_parquet == truth.prompts


def test_folders_load_by_datasets(demo_archive: Path, truth: Truth, tmp_path: Path) -> None:
    """`load_dataset(folder)` has every clip with its prompt, and every picture."""
    from datasets import Image, Video, load_dataset  # noqa: PLC0415 - takes two seconds to import

    assert export("videofolder", tmp_path / "videos", demo_archive) == 0
    videos = load_dataset(str(tmp_path / "videos"), cache_dir=str(tmp_path / "cache"), split="train")
    rows = list(videos.cast_column("video", Video(decode=False)))
    assert {row["id"]: Path(row["video"]["path"]).read_bytes() for row in rows} == truth.clips
    assert {row["id"]: row["caption"] for row in rows} == truth.prompts
    assert export("imagefolder", tmp_path / "pictures", demo_archive) == 0
    pictures = load_dataset(str(tmp_path / "pictures"), cache_dir=str(tmp_path / "cache"), split="train")
    found = [row["image"] for row in pictures.cast_column("image", Image(decode=False))]
    bytes_found = sorted(one["bytes"] or Path(one["path"]).read_bytes() for one in found)
    assert bytes_found == sorted(data for files in truth.pictures.values() for data in files.values())
