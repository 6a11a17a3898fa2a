"""What is no media is told so, in the words a person would use, by its bytes alone."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.domain.checks import Measurement, MediaKind, NotMedia
from archiver.media.inspection import find_decode_error
from archiver.media.sniff import HEAD_BYTES, describe, sniff
from tests.media.conftest import Look
from tests.media.samples import FILMS, PICTURES, film, picture

_BYTES_OF_NO_KIND = hashlib.sha256(b"no kind").digest() * 40


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "an empty body"),
        (b"<!DOCTYPE html><html><body>403</body></html>", "an HTML page"),
        (b"\xef\xbb\xbf\r\n  <HTML lang=en>", "an HTML page"),
        (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "an XML document"),
        (b'{"error": {"code": 404}}', "a JSON text"),
        (b' [{"id": 1}]', "a JSON text"),
        (b"Not Found\n", "plain text"),
        ("\u00e9t\u00e9 \u2014 nicht gefunden".encode() * 300, "plain text"),
        (b"\x00\x01\x02\x03\x04\x05\x06\x07\x08", "unknown bytes (00 01 02 03 04 05 06 07)"),
        (b"%PDF-1.7\n\xff\xfe\xfd", "unknown bytes (25 50 44 46 2d 31 2e 37)"),
    ],
)
def test_what_came_in_place_of_media_is_named(look: Look, data: bytes, words: str) -> None:
    """An error page with status 200 is the commonest of all faults."""
    assert look(data) == NotMedia(words)


def test_bytes_of_no_kind_are_no_media(look: Look) -> None:
    """They are shown as hexadecimal, and only a few of them."""
    found = look(_BYTES_OF_NO_KIND)
    assert isinstance(found, NotMedia)
    assert found.reason.startswith("unknown bytes (")


@given(st.binary(max_size=HEAD_BYTES))
def test_words_about_any_bytes_are_one_short_printable_line(data: bytes) -> None:
    """A server's bytes never reach a terminal raw."""
    words = describe(data)
    assert words.isprintable()
    assert len(words) < 60


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("mp4", MediaKind.MP4),
        ("fragments", MediaKind.MP4),
        ("mov", MediaKind.MOV),
        ("webm", MediaKind.WEBM),
        ("mkv", MediaKind.MATROSKA),
    ],
)
def test_a_film_s_kind_is_told_from_its_bytes(look: Look, name: str, kind: MediaKind) -> None:
    """The file's extension follows the kind, never the URL."""
    found = look(film(FILMS[name]))
    assert isinstance(found, Measurement)
    assert found.kind is kind


@pytest.mark.parametrize("form", PICTURES)
def test_a_picture_s_kind_is_told_from_its_bytes(look: Look, form: str) -> None:
    """An image CDN sends any of these under one URL without an extension."""
    found = look(picture(form))
    assert isinstance(found, Measurement)
    assert found.kind is MediaKind[form]


@pytest.mark.parametrize("brand", [b"heic", b"M4A ", b"crx "])
def test_iso_files_that_are_no_films_are_of_no_kind(brand: bytes) -> None:
    """HEIC pictures, sound and raw photographs begin as an MP4 does."""
    assert sniff(b"\0\0\0\x14ftyp" + brand + bytes(4) + brand) is None


def test_decoding_what_is_no_media_names_it(tmp_path_factory: pytest.TempPathFactory) -> None:
    """`verify --deep` may meet a file that somebody overwrote."""
    path = tmp_path_factory.mktemp("media") / "video.mp4"
    path.write_bytes(b"<html>")
    assert find_decode_error(path) == "no media: an HTML page"
