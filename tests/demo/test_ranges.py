"""Which bytes a request asks for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.demo.ranges import Part, Selection, Unsatisfiable, Version, Whole, select_bytes

MODIFIED = "Thu, 20 Jun 2024 06:02:26 GMT"
TEN = Version(length=10, etag='"a"', last_modified=MODIFIED)


@pytest.mark.parametrize(
    ("asked", "selection"),
    [
        (None, Whole()),
        ("bytes=0-", Part(0, 10)),
        ("bytes=4-", Part(4, 10)),
        ("bytes=4-6", Part(4, 7)),
        ("bytes=4-999", Part(4, 10)),
        ("bytes=9-9", Part(9, 10)),
        ("bytes=-3", Part(7, 10)),
        ("bytes=-999", Part(0, 10)),
        ("bytes=10-", Unsatisfiable()),
        ("bytes=-0", Unsatisfiable()),
        ("bytes=7-3", Whole()),
        ("bytes=70-3", Whole()),
        ("bytes=-", Whole()),
        ("bytes=0-1,5-6", Whole()),
        ("lines=1-2", Whole()),
        ("bytes=٣-", Whole()),
        ("bytes=" + "9" * 400 + "-", Whole()),
    ],
)
def test_a_range_is_read_as_the_rfc_has_it(asked: str | None, selection: Selection) -> None:
    """RFC 9110 §14.1.2; what is no single byte range is ignored (§14.2)."""
    assert select_bytes(asked, None, TEN) == selection


@pytest.mark.parametrize(
    ("if_range", "selection"),
    [
        ('"a"', Part(4, 10)),
        (MODIFIED, Part(4, 10)),
        ('"b"', Whole()),
        ('W/"a"', Whole()),
        ("Thu, 20 Jun 2024 06:02:27 GMT", Whole()),
    ],
)
def test_a_range_counts_only_for_the_version_it_was_meant_for(if_range: str, selection: Selection) -> None:
    """RFC 9110 §13.1.5: another version comes whole; a weak validator matches nothing."""
    assert select_bytes("bytes=4-", if_range, TEN) == selection


@given(st.text(max_size=30) | st.from_regex(r"bytes=\d{0,3}-\d{0,3}"), st.integers(0, 300))
def test_whatever_is_asked_the_selection_lies_within_the_file(asked: str, length: int) -> None:
    """A part outside the file would break the framing of the response."""
    selection = select_bytes(asked, None, Version(length=length, etag='"a"', last_modified=MODIFIED))
    if isinstance(selection, Part):
        assert 0 <= selection.start < selection.stop <= length
