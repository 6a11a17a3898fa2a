"""`docs/faults.md` against the suite: a row for each fault, and no test named that is not there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.faults.api_faults import API_FAULTS
from tests.faults.media_faults import MEDIA_FAULTS
from tests.faults.peers import PASSING

ROOT = Path(__file__).parents[2]
_ROW_NAMES = re.compile(r"\| ((?:`[a-z0-9.-]+` ?)+)\|$", re.MULTILINE)
_TEST_NAMES = re.compile(r"`([\w/]+\.py)::(test_\w+)`")


def _section(title: str) -> str:
    text = (ROOT / "docs/faults.md").read_text(encoding="utf-8")
    return text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize(
    ("title", "names"),
    [
        ("Media", [fault.name for fault in MEDIA_FAULTS]),
        ("The API", [fault.name for fault in API_FAULTS]),
    ],
)
def test_each_fault_has_its_row_in_the_tables_order(title: str, names: list[str]) -> None:
    """A reader who wonders about a fault finds its test, and the other way round."""
    cells = _ROW_NAMES.findall(_section(title))
    assert [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)] == names


def test_each_test_that_is_named_is_there() -> None:
    """Tests are renamed; the page must follow."""
    named = _TEST_NAMES.findall((ROOT / "docs/faults.md").read_text(encoding="utf-8"))
    assert named
    for file, test in named:
        places = (ROOT / "tests").rglob(file)
        assert any(f"def {test}(" in path.read_text(encoding="utf-8") for path in places), test


def test_the_comparison_has_a_row_for_each_fault() -> None:
    """A fault that is added is measured, too."""
    section = _section("Beside other downloaders")
    assert re.findall(r"^\| ([a-z0-9.-]+) \| whole ", section, re.MULTILINE) == [
        fault.name for fault in PASSING
    ]
