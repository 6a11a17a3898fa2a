"""`--where` over rows of any kind."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.domain.errors import UsageError
from archiver.domain.filtering.column import Column, Kind, Value
from archiver.domain.filtering.where import parse_where

Row = Mapping[str, Value]
_NOW = datetime(2026, 1, 1, tzinfo=UTC)
COLUMNS = {
    "prompt": Column[Row](Kind.TEXT, lambda row: row.get("prompt")),
    "duration": Column[Row](Kind.NUMBER, lambda row: row.get("duration")),
    "take": Column[Row](Kind.ANY, lambda row: row.get("take")),
}


def fits(text: str, **row: Value) -> bool:
    """Tell whether a row is wanted."""
    return parse_where(text, COLUMNS, _NOW)(row)


@pytest.mark.parametrize(
    ("text", "duration", "is_wanted"),
    [
        ("duration > 4", 5.041667, True),
        ("duration > 5.1", 5.041667, False),
        ("duration = 5.041667", 5.041667, True),
        ("duration == 5", 5, True),
        ("duration != 5", 5, False),
        ("duration >= 5 and duration <= 5", 5.0, True),
        ("duration > 0", None, False),
        ("duration = null", None, True),
        ("duration != null", 1.5, True),
    ],
)
def test_numbers_compare_as_numbers(text: str, duration: float | None, is_wanted: bool) -> None:  # noqa: FBT001 - a table
    """A duration of 10 s is not less than one of 9 s, as it would be as text."""
    assert fits(text, duration=duration) is is_wanted


@given(st.floats(0, 1e6).map(lambda value: round(value, 6)))
def test_a_number_is_found_by_its_own_digits(value: float) -> None:
    """What a listing prints can be pasted into an expression."""
    assert fits(f"duration = {value!r}", duration=value)


@pytest.mark.parametrize(
    ("text", "take", "is_wanted"),
    [
        ("take > 9", "10", True),
        ("take > 9", 10, True),
        ("take = 10", "10", True),
        ("take = 10", "ten", False),
        ("take = ten", "ten", True),
        ("take ~ EN", "ten", True),
        ("take ~ 1", "10", True),
        ("take = ten", None, False),
        ("take > b", "c", True),
        ("take = 9007199254740993", 9007199254740993, True),
        ("take = 9007199254740993", 9007199254740992, False),
        ("take = 5", 10**400, False),
        ("take > 5", 10**400, True),
        ("take = nan", "nan", True),
        ("take = 1.0", 1, True),
    ],
)
def test_a_manifests_column_compares_as_what_it_looks_like(
    text: str,
    take: str | int | None,
    is_wanted: bool,  # noqa: FBT001 - a table
) -> None:
    """A CSV's numbers are texts, a JSON line's are numbers: both mean the same to whoever filters."""
    assert fits(text, take=take) is is_wanted


def test_a_column_in_quotes_may_have_any_name() -> None:
    """A spreadsheet's headers have spaces."""
    test = parse_where("'my col' = 3", {"my col": COLUMNS["take"]}, _NOW)
    assert test({"take": "3"})
    assert not test({"take": "4"})


@pytest.mark.parametrize(
    "text", ["duration > long", "duration ~ 5", "height > 5", "duration > null", "duration =", "prompt ~"]
)
def test_a_bad_expression_names_the_columns_that_there_are(text: str) -> None:
    """Whoever mistypes a column needs the list of them, not a grammar."""
    with pytest.raises(UsageError) as caught:
        parse_where(text, COLUMNS, _NOW)
    assert str(caught.value).endswith("the columns are prompt, duration, take")
