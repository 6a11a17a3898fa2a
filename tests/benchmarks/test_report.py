"""The findings as a reader gets them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.findings import Figure, Finding, Goal, Series, ratio_of
from tests.benchmarks.machine import Machine
from tests.benchmarks.measured import Run
from tests.benchmarks.report import as_markdown, rewrite_section


def _run(seconds: float) -> Run:
    return Run(
        code=0,
        out="",
        err="",
        seconds=seconds,
        user_s=seconds / 2,
        system_s=0.0,
        own_s=0.0,
        peak_mb=50,
        pss_mb=0,
        sync_s=0,
    )


def _series(name: str, *seconds: float) -> Series:
    return Series(name=name, runs=[_run(each) for each in seconds], generations=10, bytes=40_000_000)


def test_a_ratio_is_that_of_the_medians() -> None:
    """One slow run among several says something of the machine, not of the program."""
    ours, theirs = _series("ours", 2, 40, 1), _series("theirs", 4, 1, 4)
    [figure] = ratio_of("of theirs", ours, theirs, Goal(limit=1.0))
    assert figure.value == 0.5
    assert figure.is_met


def test_nothing_is_compared_with_what_is_not_installed(tmp_path: Path) -> None:
    """The table says so, and has no ratio of nothing."""
    ours, missing = _series("ours", 2), Series(name="aria2c", runs=[])
    assert ratio_of("of aria2c", ours, missing, Goal(limit=1.0)) == []
    finding = Finding(name="large", title="", series=[ours, missing])
    assert "| large | aria2c | not installed |" in as_markdown([finding], Machine.this(tmp_path), "command")


def test_a_missed_goal_stands_out(tmp_path: Path) -> None:
    """A reader looks for what is not as it should be."""
    figure = Figure(label="of theirs", value=0.85, goal=Goal(limit=0.9, at_least=True))
    text = as_markdown([Finding(name="far", title="", figures=[figure])], Machine.this(tmp_path), "command")
    assert "| far | 0.850 of theirs | ≥ 0.9 | **missed** |" in text


def test_only_what_is_between_the_marks_is_rewritten(tmp_path: Path) -> None:
    """The words around the tables are written by people."""
    document = tmp_path / "performance.md"
    document.write_text("before\n<!-- benchmarks -->\nold\n<!-- /benchmarks -->\nafter\n")
    rewrite_section(document, "new")
    assert document.read_text() == "before\n<!-- benchmarks -->\nnew\n<!-- /benchmarks -->\nafter\n"


def test_a_document_without_marks_is_left_alone(tmp_path: Path) -> None:
    """A typing error in a file's name must not cost that file."""
    document = tmp_path / "README.md"
    document.write_text("precious\n")
    with pytest.raises(ValueError, match="has no <!-- benchmarks -->"):
        rewrite_section(document, "new")
    assert document.read_text() == "precious\n"
