"""A file that is not whole is never taken for a whole one, wherever it was cut."""

from __future__ import annotations

import struct

import pytest

from archiver.domain.checks import Damaged, Measurement, NotMedia
from tests.media.conftest import Look
from tests.media.samples import FILMS, PICTURES, film, picture, promising_fragments, top_boxes

# Bytes between two cuts; every cut near the end is tried, where a decoder is the least strict.
_STRIDE = 23
_NEAR_THE_END = 24
_UNTELLABLE = {"fragments", "fragments and index"}


def _cuts(size: int) -> list[int]:
    return [*range(1, size - _NEAR_THE_END, _STRIDE), *range(max(1, size - _NEAR_THE_END), size)]


def _clean_cuts(look: Look, data: bytes, cuts: list[int]) -> list[int]:
    return [cut for cut in cuts if isinstance(look(data[:cut]), Measurement)]


@pytest.mark.parametrize("name", sorted(FILMS.keys() - _UNTELLABLE))
def test_a_film_that_was_cut_is_never_measured(look: Look, name: str) -> None:
    """An index that stands first opens a file of which most is missing, and libav takes a cut for the end."""
    data = film(FILMS[name])
    assert _clean_cuts(look, data, _cuts(len(data))) == []


@pytest.mark.parametrize("name", ["mp4", "index first", "sound", "mov"])
def test_a_film_that_was_cut_between_two_boxes_is_never_measured(look: Look, name: str) -> None:
    """There, the boxes that are left end where the file does."""
    data = film(FILMS[name])
    ends = [end for _, end in top_boxes(data)[:-1]]
    assert len(ends) >= 2
    assert _clean_cuts(look, data, ends) == []


@pytest.mark.parametrize("form", PICTURES)
def test_a_picture_that_was_cut_is_never_measured(look: Look, form: str) -> None:
    """Decoders show what they have, and are content without the end marker."""
    data = picture(form)
    assert _clean_cuts(look, data, _cuts(len(data))) == []


def test_a_hole_in_a_png_shows(look: Look) -> None:
    """Its chunks are whole, and its end is there; to look for EXIF decodes it, and must not hide that."""
    data = bytearray(picture("PNG", 400, 300))
    start = data.index(b"IDAT") + 4
    middle = start + struct.unpack_from(">I", data, start - 8)[0] // 2
    data[middle : middle + 40] = bytes(40)
    assert isinstance(look(bytes(data)), Damaged)


def test_a_cut_is_said_in_words(look: Look) -> None:
    """A person reads why a file counts as damaged: how much is missing."""
    found = look(film(FILMS["index first"])[:-10])
    assert isinstance(found, Damaged)
    assert found.reason == "cut short: 10 bytes of its box 'mdat' are missing"


def test_media_data_that_reach_to_the_file_s_end_are_held_to_the_index(look: Look) -> None:
    """Such a box (size 0) fits any file; its frames, which the index lists, are then missing."""
    data = bytearray(film(FILMS["index first"]))
    struct.pack_into(">I", data, data.index(b"mdat") - 4, 0)
    assert isinstance(look(bytes(data)), Measurement)
    begin = data.index(b"mdat") + 4
    assert _clean_cuts(look, bytes(data), list(range(begin, len(data), 29))) == []


def test_fragments_cut_inside_one_are_never_measured(look: Look) -> None:
    """A fragment is a box with the index of its frames and a box with these: both must be whole."""
    data = film(FILMS["fragments"])
    whole = {end for kind, end in top_boxes(data) if kind == b"mdat"}
    inside = [cut for cut in _cuts(len(data)) if cut not in whole]
    assert _clean_cuts(look, data, inside) == []


def test_a_fragment_s_index_without_its_frames_is_a_cut(look: Look) -> None:
    """All boxes are whole there, and a film is before them."""
    data = film(FILMS["fragments"])
    ends = [end for kind, end in top_boxes(data) if kind == b"moof"]
    assert len(ends) == 4
    assert _clean_cuts(look, data, ends) == []


def test_fragments_cut_between_two_are_found_by_their_index(look: Look) -> None:
    """A segment index (sidx) lists beforehand how many bytes are to come."""
    data = film(FILMS["fragments and index"])
    ends = [end for kind, end in top_boxes(data) if kind == b"mdat"]
    assert _clean_cuts(look, data, ends[:-1]) == []


def test_fragments_cut_between_two_are_found_by_the_promised_duration(look: Look) -> None:
    """A fragmented film's header may say how long all of it is (mehd)."""
    data = promising_fragments()
    assert isinstance(look(data), Measurement)
    ends = [end for kind, end in top_boxes(data) if kind == b"mdat"]
    assert _clean_cuts(look, data, ends[:-1]) == []


def test_fragments_cut_between_two_that_promise_nothing_measure_shorter(look: Look) -> None:
    """Nothing in such a file tells: what is left is a whole film. The metadata's duration tells it."""
    data = film(FILMS["fragments"])
    found = look(data[: next(end for kind, end in top_boxes(data) if kind == b"mdat")])
    assert isinstance(found, Measurement)
    assert found.duration_s == pytest.approx(0.25)


@pytest.mark.parametrize(
    "name", ["mp4", "index first", "B-frames and an edit list", "mov", "fragments", "webm", "mkv"]
)
def test_bytes_behind_the_end_are_found(look: Look, name: str) -> None:
    """A resumed download of a file that was replaced meanwhile leaves such."""
    data = film(FILMS[name])
    for behind in (
        b"x",
        bytes(8),
        bytes(1000),
        data[-500:],
        data[data.find(b"mvhd") - 4 :],
        data,
        b"HTTP/1.1 503 Service Unavailable\r\n\r\n",
    ):
        assert isinstance(look(data + behind), Damaged), behind[:8]


def test_two_films_spliced_in_their_middles_are_found(look: Look) -> None:
    """The beginning of one and the rest of another, longer or shorter one: the offsets cannot fit."""
    one, other = film(FILMS["index first"]), film(FILMS["sound"])
    for at in range(100, len(one), 97):
        assert not isinstance(look(one[:at] + other[at:]), Measurement), at


def test_a_hole_of_zeros_is_found(look: Look) -> None:
    """A file that was laid out before its bytes came has such, at the right length."""
    data = bytearray(film(FILMS["index first"]))
    data[-1500:] = bytes(1500)
    assert isinstance(look(bytes(data)), Damaged)


def test_an_empty_file_is_no_media(look: Look) -> None:
    """A body that never came."""
    assert look(b"") == NotMedia("an empty body")
