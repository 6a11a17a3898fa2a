"""Which generations become samples: twins, limits, and files in DEST that are nobody's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

from archiver.cli.main import main
from archiver.domain.identity import AssetName, parse_id
from archiver.domain.naming import folder_of
from archiver.domain.sidecar import encode_sidecar
from archiver.domain.timing import parse_timestamp
from archiver.storage.holder import Holder
from archiver.storage.lock import ArchiveLock
from tests.dataset.shelf import put
from tests.nightly.made import keep
from tests.storage.samples import record, sidecar


def export(archive: Path, *words: str) -> int:
    """Run the command."""
    return main(["export", *words, "--archive", str(archive)])


def test_of_two_with_the_same_bytes_the_one_that_can_be_used_is_kept(tmp_path: Path) -> None:
    """The first has no thumbnail, which is wanted: without the second, the clip would not be there at all."""
    root = tmp_path / "archive"
    _keep_twins(root, assets={"a": (AssetName.VIDEO,), "b": (AssetName.VIDEO, AssetName.THUMBNAIL)})
    dest = tmp_path / "ds"
    assert export(root, "webdataset", str(dest), "--assets", "video,thumbnail") == 0
    assert _exported(dest) == {"train": ["b"]}


def test_a_clip_that_comes_again_under_a_lower_id_stays_in_its_split(tmp_path: Path) -> None:
    """What was tested on must not be trained on after another night."""
    root = tmp_path / "archive"
    _keep_twins(root, assets={"b": (AssetName.VIDEO,)}, created={"b": "2024-01-01T00:00:00Z"})
    split = ("--split", "train=0.5,test=0.5")
    assert export(root, "webdataset", str(tmp_path / "one"), *split) == 0
    _keep_twins(root, assets={"a": (AssetName.VIDEO,)}, created={"a": "2025-01-01T00:00:00Z"})
    assert export(root, "webdataset", str(tmp_path / "two"), *split) == 0
    assert _exported(tmp_path / "one") == _exported(tmp_path / "two")


def test_a_limit_counts_samples_not_generations_that_cannot_be_any(tmp_path: Path) -> None:
    """The first has a prompt that no text file can hold: the next ones take its place."""
    root = tmp_path / "archive"
    for name, prompt in {"a": "x\0y", "b": "a dog", "c": "a hen"}.items():
        keep(root, name, state="completed", prompt=prompt)
    assert export(root, "csv", str(tmp_path / "ds"), "--limit", "2") == 0
    assert _exported(tmp_path / "ds") == {"train": ["b", "c"]}


def _keep_twins(
    root: Path, assets: Mapping[str, tuple[AssetName, ...]], created: Mapping[str, str] | None = None
) -> None:
    """Put generations into an archive whose clips have the same bytes."""
    for name, names in assets.items():
        body = b"the same clip" * 20
        records = {one: record(f"{one}.{'mp4' if one.is_video else 'jpg'}", body) for one in names}
        moment = (created or {}).get(name, "2024-12-22T10:00:00Z")
        made = msgspec.structs.replace(sidecar(records, generation_id=parse_id(name)), created_at=moment)
        folder = root / folder_of(parse_id(name), parse_timestamp(moment))
        folder.mkdir(parents=True)
        for kept in records.values():
            (folder / str(kept.path)).write_bytes(body)
        (folder / "sidecar.json").write_bytes(encode_sidecar(made))


def _exported(dest: Path) -> dict[str, list[str]]:
    made = json.loads((dest / ".dataset" / "dataset.json").read_bytes())
    return {split: list(names) for split, names in made["ids"].items() if names}


def test_files_that_no_export_wrote_are_named_wherever_they_lie(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A shard of another dataset between ours is loaded with them; what was replaced is ours now."""
    put(tmp_path / "archive", "a")
    dest = tmp_path / "ds"
    assert export(tmp_path / "archive", "videofolder", str(dest)) == 0
    (dest / "data" / "train" / "extra.mp4").write_bytes(b"mine")
    (dest / "notes.txt").write_bytes(b"mine")
    capsys.readouterr()
    assert export(tmp_path / "archive", "videofolder", str(dest), "--overwrite") == 0
    assert "no export wrote data/train/extra.mp4, notes.txt in" in capsys.readouterr().err
    other = tmp_path / "other"
    other.mkdir()
    (other / "README.md").write_bytes(b"mine")
    assert export(tmp_path / "archive", "webdataset", str(other), "--overwrite") == 0
    assert "no export wrote" not in capsys.readouterr().err


def test_a_second_export_to_the_same_place_hears_what_holds_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is not the archive, which several may read at once."""
    put(tmp_path / "archive", "a")
    dest = tmp_path / "ds"
    dest.mkdir()
    holder = Holder.of_this_process(since="2026-01-01T00:00:00Z", command="export")
    with ArchiveLock.try_acquire(dest, holder):
        assert export(tmp_path / "archive", "csv", str(dest)) == 11
    assert f"another export writes to {dest}: wait" in capsys.readouterr().err
