"""The lint of a folder of media: what its loader would not tell."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from archiver.dataset.formats.folder import VideofolderLayout
from archiver.dataset.options import ExportOptions, FormatName
from archiver.dataset.plan import Plan
from tests.dataset.folders import make_archive
from tests.dataset.writing import plan_of, write_layout


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """Return the plan of a folder of two clips."""
    prompts = {"other": "dog dance", "plain": "cat dance"}
    archive = make_archive(tmp_path_factory.mktemp("folderlint"), prompts)
    return plan_of(archive, ExportOptions(format=FormatName.VIDEOFOLDER))


@pytest.mark.parametrize(
    ("damage", "flaw"),
    [
        (lambda ds: (ds / "data/train/plain.mp4").unlink(), r"data/train/plain\.mp4 is listed and not there"),
        (lambda ds: (ds / "data/train/g.mp4").write_bytes(b""), r"data/train/g\.mp4 is in no row"),
        (lambda ds: (ds / "data/train/info.json").write_text("{}"), r"info\.json is in no row"),
        (lambda ds: (ds / "index.json").write_text("{}"), r"index\.json is in no row"),
        (lambda ds: (ds / "README.md").unlink(), r"README\.md is listed and not there"),
        (lambda ds: (ds / "data/train/metadata.parquet").write_text(""), "has 2 files of metadata"),
        (lambda ds: (ds / "data/train/metadata.jsonl").unlink(), "has 0 files of metadata"),
        (lambda ds: (ds / "data/train/metadata.jsonl").write_text("{"), "cannot be read"),
        (lambda ds: cut_a_row(ds / "data/train/metadata.jsonl"), "rows of 1 samples in 1 rows, and 2"),
    ],
)
def test_the_lint_tells_what_a_loader_would_pass_over_in_silence(
    plan: Plan, tmp_path: Path, damage: Callable[[Path], object], flaw: str
) -> None:
    """Each of these loads without an error, or with one that names nothing."""
    write_layout(VideofolderLayout(), plan, tmp_path / "ds")
    damage(tmp_path / "ds")
    assert any(re.search(flaw, one) for one in VideofolderLayout().lint(tmp_path / "ds", plan, plan.samples))


def cut_a_row(path: Path) -> None:
    """Leave the first row alone."""
    path.write_bytes(path.read_bytes().splitlines(keepends=True)[0])
