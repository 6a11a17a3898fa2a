"""Sizes and rates, as people write and read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.domain.errors import UsageError
from archiver.domain.quantity import parse_request_rate, parse_size, show_size
from tests.domain.samples import refusal_of


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("812", 812),
        ("812B", 812),
        ("500K", 500_000),
        ("500kb", 500_000),
        ("10MB", 10_000_000),
        ("10M", 10_000_000),
        ("1.5 GB", 1_500_000_000),
        ("2GiB", 2 * 2**30),
        ("2gi", 2 * 2**30),
        ("1KiB", 1024),
        ("3TB", 3 * 10**12),
        (" 7 ", 7),
    ],
)
def test_letters_are_decimal_and_an_i_makes_them_binary(text: str, size: int) -> None:
    """IEC 80000-13, and the contract's own examples."""
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text", ["", "B", "-1", "5i", "5iB", "1e3", "inf", "1,5M", "10 apples", "5PB", "\u0663", "9" * 400]
)
def test_what_is_no_size_is_an_error_of_usage(text: str) -> None:
    """Four hundred digits are infinity to a float, and no size to a person."""
    with pytest.raises(UsageError, match="is not a size"):
        parse_size(text)


@pytest.mark.parametrize(
    ("text", "rate"),
    [("5/s", 5.0), ("60/m", 1.0), ("60 / min", 1.0), ("1800/h", 0.5), ("43200/day", 0.5), ("0.5/S", 0.5)],
)
def test_a_rate_is_requests_in_a_span(text: str, rate: float) -> None:
    """It comes out as requests a second."""
    assert parse_request_rate(text) == pytest.approx(rate)


@pytest.mark.parametrize(
    "text", ["", "60", "0/s", "0.0/m", "-1/s", "60/w", "60/", "/s", "1/\u017f", "9" * 400 + "/s"]
)
def test_what_is_no_rate_is_an_error_of_usage(text: str) -> None:
    """A rate of zero would wait for ever."""
    with pytest.raises(UsageError, match="is not a rate"):
        parse_request_rate(text)


@given(st.text(max_size=30) | st.text(alphabet="0123456789. kKmMgGtTiIbB/s\u017fK", max_size=30))
def test_no_text_raises_anything_but_an_error_of_usage(text: str) -> None:
    """It is typed by a person, or stands in a configuration file."""
    for parse in (parse_size, parse_request_rate):
        message = refusal_of(UsageError, parse, text)
        assert message is not None or parse(text) >= 0


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (0, "0 B"),
        (812, "812 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (4_567_000, "4.6 MB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (999_999_999, "1.0 GB"),
        (12_300_000_000, "12.3 GB"),
        (5 * 10**12, "5.0 TB"),
        (5 * 10**16, "50000.0 TB"),
    ],
)
def test_sizes_are_shown_with_one_digit_after_the_point(size: int, shown: str) -> None:
    """And never as a thousand of the smaller unit."""
    assert show_size(size) == shown


@given(st.integers(0, 10**15))
def test_a_size_that_was_shown_reads_back_as_about_the_same(size: int) -> None:
    """What a message says can be typed as an option."""
    assert parse_size(show_size(size)) == pytest.approx(size, rel=0.05, abs=0.5)
