"""`datasets` keeps what it has built: it must not give out one dataset for another."""

from __future__ import annotations

from pathlib import Path

import pytest
from datasets import load_dataset

from archiver.cli.main import main
from tests.dataset.shelf import put

# pandas' reader of CSVs, as older versions of `datasets` use it, leaves its file open.
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
FORMATS = ("webdataset", "imagefolder", "csv", "jsonl", "video2dataset")


def _prompts(dest: Path, cache: Path) -> set[str]:
    found = load_dataset(str(dest), cache_dir=str(cache))
    prompts = set()
    for split in found.values():
        # The one column, or pictures and clips, which are none here, are decoded.
        column = "prompt" if "prompt" in split.column_names else "json"
        cells = split.select_columns([column])[column]
        prompts |= {cell if isinstance(cell, str) else cell["prompt"] for cell in cells}
    return prompts


def _export(name: str, dest: Path, archive: Path, *options: str) -> None:
    assert main(["export", name, str(dest), "--archive", str(archive), *options]) == 0


@pytest.mark.parametrize("name", FORMATS)
def test_another_dataset_is_not_loaded_as_the_first_one(tmp_path: Path, name: str) -> None:
    """In a folder of the same last name, and in the same folder when it was exported again."""
    one, other = tmp_path / "one", tmp_path / "other"
    put(one, "a", prompt="a cat")
    put(other, "b", prompt="a dog")
    _export(name, tmp_path / "x" / "ds", one)
    _export(name, tmp_path / "y" / "ds", other)
    assert _prompts(tmp_path / "x" / "ds", tmp_path / "cache") == {"a cat"}
    assert _prompts(tmp_path / "y" / "ds", tmp_path / "cache") == {"a dog"}
    put(one, "c", prompt="a hen")
    _export(name, tmp_path / "x" / "ds", one, "--overwrite")
    assert _prompts(tmp_path / "x" / "ds", tmp_path / "cache") == {"a cat", "a hen"}
