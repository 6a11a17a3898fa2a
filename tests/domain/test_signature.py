"""When a signed URL stops working."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.domain.identity import MediaUrl
from archiver.domain.signature import SOON, expires_soon, expiry_of

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "query",
    [
        "X-Amz-Date=20260301T110000Z&X-Amz-Expires=3600&X-Amz-Signature=abc",
        "x-amz-expires=3600&x-amz-date=20260301T110000Z",
        "X-Goog-Date=20260301T110000Z&X-Goog-Expires=3600",
        f"Expires={int(NOON.timestamp())}&Signature=abc&Key-Pair-Id=K",
        "sv=2024-08-04&se=2026-03-01T12%3A00%3A00Z&sig=abc",
    ],
)
def test_the_usual_signers_say_when_a_url_ends(query: str) -> None:
    """AWS SigV4 and V2, Google V4, CloudFront, Azure: each has its own words for the same moment."""
    assert expiry_of(MediaUrl(f"https://h/clip.mp4?{query}")) == NOON


@pytest.mark.parametrize(
    "query", ["", "v=2", "Expires=soon", "Expires=99999999999999999999", "X-Amz-Expires=3600", "se=never"]
)
def test_a_url_that_does_not_say_has_no_end(query: str) -> None:
    """Most links of the service carry no expiry; they are tried as they are."""
    url = MediaUrl(f"https://h/clip.mp4?{query}")
    assert expiry_of(url) is None
    assert not expires_soon(url, NOON)


@given(st.integers(min_value=-10_000, max_value=10_000))
def test_less_than_two_minutes_is_soon(seconds: int) -> None:
    """A clip must be here before its URL ends."""
    ends = NOON + timedelta(seconds=seconds)
    url = MediaUrl(f"https://h/c?Expires={int(ends.timestamp())}")
    assert expires_soon(url, NOON) == (timedelta(seconds=seconds) < SOON)


@given(st.text(alphabet=st.characters(codec="ascii"), max_size=200))
def test_no_query_breaks_the_reading(query: str) -> None:
    """The query comes from a server: anything may stand in it."""
    moment = expiry_of(MediaUrl(f"https://h/c?{query}"))
    assert moment is None or moment.tzinfo is UTC
