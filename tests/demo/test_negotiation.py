"""Which form of a picture is sent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.demo.clips import THUMBNAIL_KINDS
from archiver.demo.negotiation import choose_kind
from archiver.domain.checks import MediaKind


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, MediaKind.JPEG),
        ("*/*", MediaKind.JPEG),
        ("image/*", MediaKind.JPEG),
        ("image/png", MediaKind.PNG),
        ("IMAGE/WebP", MediaKind.WEBP),
        ("image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8", MediaKind.WEBP),
        ("image/webp;q=0.3, image/png;q=0.9, image/jpeg;q=0.5", MediaKind.PNG),
        ("image/jpeg;q=0, */*", MediaKind.PNG),
        ("image/jpeg;q=much, image/webp;q=0.1", MediaKind.WEBP),
        ("text/html", MediaKind.JPEG),
    ],
)
def test_the_accept_header_chooses(accept: str | None, kind: MediaKind) -> None:
    """RFC 9110 §12.5.1, with what browsers and image hosts do about wildcards."""
    assert choose_kind(accept, THUMBNAIL_KINDS) is kind


@given(st.text())
def test_any_text_chooses_something(accept: str) -> None:
    """A header from a stranger never makes the service fail."""
    assert choose_kind(accept, THUMBNAIL_KINDS) in THUMBNAIL_KINDS


def test_a_video_is_sent_whatever_is_accepted() -> None:
    """There is nothing to choose from."""
    assert choose_kind("image/png", (MediaKind.MP4,)) is MediaKind.MP4
