"""What loaders of shards stumble on is found before a dataset gets its name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from archiver.dataset.formats.shardlint import ShardLint
from archiver.dataset.tar import write_end, write_member
from tests.dataset.writing import PlainOutput

WHOLE = ("a.json", "a.mp4", "a.txt", "b.json", "b.mp4", "b.txt")


def write_shard(path: Path, names: Iterable[str]) -> None:
    """Write a shard with members of these names."""
    with path.open("wb") as file:
        output = PlainOutput(file)
        for name in names:
            write_member(output, name, 1, lambda output: output.write(b"x"))
        write_end(output)


def flaws(folder: Path, keys: Sequence[str] = ("a", "b")) -> list[str]:
    """Return what is wrong with a dataset of one shard."""
    lint = ShardLint(folder)
    lint.expect_shard("train-000000.tar", keys)
    return lint.finish()


def test_a_whole_shard_has_no_flaws(tmp_path: Path) -> None:
    """Else no export would ever end well; what is hidden is nobody's data."""
    write_shard(tmp_path / "train-000000.tar", WHOLE)
    (tmp_path / ".dataset").mkdir()
    (tmp_path / ".dataset/dataset.json").write_bytes(b"{}")
    assert flaws(tmp_path) == []


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (WHOLE[:3], "has 1 samples"),
        ((*WHOLE, "c.json", "c.mp4", "c.txt"), "has 3 samples"),
        ((*WHOLE[3:], *WHOLE[:3]), "or others"),
        (("a.json", "b.json", "a.mp4", "b.mp4"), "has 4 samples"),
        (("a.json", "a.mp4", "b.1.json", "b.1.mp4"), "other fields"),
        ((*WHOLE[:5],), "other fields in the sample 'b'"),
        ((*WHOLE, "b.webp"), "other fields in the sample 'b'"),
        ((*WHOLE, "b.MP4"), "a field twice in the sample 'b'"),
        ((), "has 0 samples"),
    ],
)
def test_what_would_lose_rows_is_found(tmp_path: Path, names: Sequence[str], words: str) -> None:
    """Missing, foreign, scattered, disordered, with a dot in its key, of other fields: none of it is told."""
    write_shard(tmp_path / "train-000000.tar", names)
    assert any(words in flaw for flaw in flaws(tmp_path))


def test_a_split_in_a_key_is_found(tmp_path: Path) -> None:
    """Extracted, its files would be drawn into that split."""
    write_shard(tmp_path / "train-000000.tar", ["a-test.mp4", "b.mp4"])
    assert any("split's name in the key 'a-test'" in flaw for flaw in flaws(tmp_path, ["a-test", "b"]))


def test_fields_are_the_same_in_all_shards(tmp_path: Path) -> None:
    """The first shard's decide what is read of the others."""
    write_shard(tmp_path / "train-000000.tar", ["a.mp4"])
    write_shard(tmp_path / "train-000001.tar", ["b.mov"])
    lint = ShardLint(tmp_path)
    lint.expect_shard("train-000000.tar", ["a"])
    lint.expect_shard("train-000001.tar", ["b"])
    assert lint.finish() == ["train-000001.tar has other fields in the sample 'b' than the first sample has"]


def test_a_shard_that_is_gone_or_cut_is_found(tmp_path: Path) -> None:
    """A loader would end at the cut as if that were the end."""
    assert any("cannot be read" in flaw for flaw in flaws(tmp_path))
    write_shard(tmp_path / "train-000000.tar", WHOLE)
    data = (tmp_path / "train-000000.tar").read_bytes()
    (tmp_path / "train-000000.tar").write_bytes(data[:-1536])
    assert any("not a whole tar" in flaw for flaw in flaws(tmp_path))


def test_a_file_that_nobody_wrote_is_found(tmp_path: Path) -> None:
    """`datasets` takes a JSON file beside the shards for the data."""
    write_shard(tmp_path / "train-000000.tar", WHOLE)
    (tmp_path / "dataset.json").write_bytes(b"{}")
    assert flaws(tmp_path) == ["dataset.json is no part of the dataset: loaders may read it"]


def test_a_shard_without_samples_must_not_be_there(tmp_path: Path) -> None:
    """`datasets` fails on it where it is the first."""
    write_shard(tmp_path / "train-000000.tar", ())
    assert flaws(tmp_path, []) == ["train-000000.tar is no part of the dataset: loaders may read it"]


def test_a_table_of_another_length_is_found(tmp_path: Path) -> None:
    """Rows and samples are joined by their keys, or by their order."""
    write_shard(tmp_path / "train-000000.tar", WHOLE)
    (tmp_path / "00000.parquet").write_bytes(b"")
    lint = ShardLint(tmp_path)
    lint.expect_shard("train-000000.tar", ["a", "b"])
    lint.expect_rows("00000.parquet", 2, lambda _path: 3)
    assert lint.finish() == ["00000.parquet has 3 rows, and its tar 2 samples"]
