"""Whether a picture is a film's last frame: alike enough, and no other frame is."""

from __future__ import annotations

import io
from pathlib import Path

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.domain.checks import SIMILARITY_THRESHOLD
from archiver.media.frames import last_frame_similarity
from archiver.media.similarity import SIDES, similarity
from tests.media.samples import FILMS, FRAMES, Film, draw, film

_MOVING = ("mp4", "B-frames and an edit list", "fragments", "mov", "mkv", "sound")
_PIXELS = st.binary(min_size=16, max_size=16).map(lambda pattern: pattern * (SIDES[0] * SIDES[1] // 16))


def _similarity(tmp_path: Path, recipe: Film, still: bytes) -> float | None:
    video, picture = tmp_path / "video", tmp_path / "still"
    video.write_bytes(film(recipe))
    picture.write_bytes(still)
    return last_frame_similarity(picture, video)


def _still(recipe: Film, index: int) -> bytes:
    """Return a frame as it decodes, as the service makes its JPEGs."""
    with av.open(io.BytesIO(film(recipe)), "r") as container:
        frames = [frame.to_image() for frame in container.decode(video=0)]  # type: ignore[no-untyped-call]  # as PyAV has it
    buffer = io.BytesIO()
    frames[index].save(buffer, "JPEG", quality=75)
    return buffer.getvalue()


@pytest.mark.parametrize("name", _MOVING)
def test_the_last_frame_is_known_again(tmp_path: Path, name: str) -> None:
    """Through a JPEG's losses, and whatever the container."""
    recipe = FILMS[name]
    found = _similarity(tmp_path, recipe, _still(recipe, -1))
    assert found is not None
    assert SIMILARITY_THRESHOLD <= found <= 1


@pytest.mark.parametrize("name", _MOVING)
def test_a_frame_of_half_a_second_before_is_another(tmp_path: Path, name: str) -> None:
    """A clip that lost its end still shows the same scene."""
    recipe = FILMS[name]
    found = _similarity(tmp_path, recipe, _still(recipe, FRAMES // 2 - 1))
    assert found is not None
    assert found < SIMILARITY_THRESHOLD


def test_a_picture_of_another_size_is_compared_scaled(tmp_path: Path) -> None:
    """The service's pictures may be smaller than its films."""
    buffer = io.BytesIO()
    draw(FRAMES - 1, 192, 128).save(buffer, "PNG")
    found = _similarity(tmp_path, FILMS["mp4"], buffer.getvalue())
    assert found is not None
    assert found > 0.9


@pytest.mark.parametrize("still", [b"", b"<html>", b"\xff\xd8\xff rubbish", film()])
def test_what_is_no_picture_has_no_similarity(tmp_path: Path, still: bytes) -> None:
    """It is not compared, and nothing is raised."""
    assert _similarity(tmp_path, FILMS["mp4"], still) is None


@pytest.mark.parametrize("body", [b"", b"<html>", film()[:60]])
def test_what_is_no_film_has_no_similarity(tmp_path: Path, body: bytes) -> None:
    """Nor has it a last frame."""
    video, still = tmp_path / "video", tmp_path / "still"
    video.write_bytes(body)
    still.write_bytes(_still(FILMS["mp4"], -1))
    assert last_frame_similarity(still, video) is None


@given(_PIXELS, _PIXELS)
@settings(max_examples=15)  # in Python, each takes milliseconds
def test_similarity_is_symmetric_and_one_for_equal_pictures_alone(one: bytes, other: bytes) -> None:
    """As its paper has it."""
    assert similarity(one, one) == pytest.approx(1)
    assert similarity(one, other) == pytest.approx(similarity(other, one))
    assert -1 <= similarity(one, other) <= 1 + 1e-9
