"""What all tables have in common."""

from __future__ import annotations

from pathlib import Path

import pytest

from archiver.dataset.formats.parquet import ParquetLayout
from archiver.dataset.formats.tables import CsvLayout, JsonlLayout
from archiver.dataset.options import FormatName
from archiver.dataset.pieces import Layout
from tests.dataset import readers
from tests.dataset.shelf import options, put
from tests.dataset.writing import plan_of, write_layout

LAYOUTS = pytest.mark.parametrize(
    ("layout", "name"),
    [(CsvLayout, FormatName.CSV), (JsonlLayout, FormatName.JSONL), (ParquetLayout, FormatName.PARQUET)],
)


@LAYOUTS
def test_a_lost_sample_has_no_row(layout: type[Layout], name: FormatName, tmp_path: Path) -> None:
    """A generation that went away since the plan was made is left out, and the others stay."""
    put(tmp_path / "archive", "one")
    folder = put(tmp_path / "archive", "two")
    of_both = plan_of(tmp_path / "archive", options(name), assets=())
    (folder / "sidecar.json").unlink()
    write_layout(layout(), of_both, tmp_path / "table")
    assert list(readers.by_datasets(tmp_path / "table")) == ["one"]


@LAYOUTS
def test_a_split_of_which_all_is_lost_is_no_split(
    layout: type[Layout], name: FormatName, tmp_path: Path
) -> None:
    """`datasets` loads nothing of a dataset that has a split without rows, not the other splits either."""
    put(tmp_path / "archive", "one")
    folder = put(tmp_path / "archive", "two")
    splits = {"train": ["one"], "test": ["two"]}
    of_both = plan_of(tmp_path / "archive", options(name), assets=(), splits=splits)
    (folder / "sidecar.json").unlink()
    write_layout(layout(), of_both, tmp_path / "table")
    assert list(readers.load(tmp_path / "table")) == ["train"]
