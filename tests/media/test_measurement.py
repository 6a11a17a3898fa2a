"""What is measured of a whole file is what it holds, and what ffprobe says of it."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from archiver.domain.checks import Damaged, Measurement, MediaKind, palette_distance
from archiver.media.inspection import find_decode_error, inspect_media
from tests.media.conftest import Look
from tests.media.samples import FILMS, FRAMES, HEIGHT, PICTURES, WIDTH, draw, film, picture, turned

_FFPROBE = shutil.which("ffprobe")


def _measured(look: Look, data: bytes) -> Measurement:
    found = look(data)
    assert isinstance(found, Measurement), found
    return found


def _ffprobe(path: Path) -> dict[str, Any]:
    wanted = "stream=width,height,avg_frame_rate,nb_read_packets,duration,codec_name:format=duration"
    command = [str(_FFPROBE), "-v", "error", "-count_packets", "-select_streams", "v:0"]
    command += ["-show_entries", wanted, "-of", "json", str(path)]
    answer = json.loads(subprocess.check_output(command))  # noqa: S603 - our own words
    return {**answer["format"], **answer["streams"][0]}


@pytest.mark.parametrize("name", sorted(FILMS.keys() - {"uneven", "one frame"}))
def test_a_film_is_measured(look: Look, name: str) -> None:
    """Sides, length, rate and frames are the recipe's, whatever the container."""
    found = _measured(look, film(FILMS[name]))
    assert (found.width, found.height, found.frames, found.frame_rate) == (WIDTH, HEIGHT, FRAMES, "24/1")
    # Matroska counts in milliseconds.
    assert found.duration_s == pytest.approx(1, abs=0.0011)
    assert found.palette is None


@pytest.mark.skipif(_FFPROBE is None, reason="ffprobe is not installed")
@pytest.mark.parametrize("name", sorted(FILMS))
def test_a_measurement_agrees_with_ffprobe(tmp_path: Path, name: str) -> None:
    """It is what people check an archive with."""
    path = tmp_path / "film"
    path.write_bytes(film(FILMS[name]))
    found, probed = inspect_media(path), _ffprobe(path)
    assert isinstance(found, Measurement)
    assert (found.width, found.height) == (probed["width"], probed["height"])
    assert (found.frames, found.codec) == (int(probed["nb_read_packets"]), probed["codec_name"])
    assert found.frame_rate == probed["avg_frame_rate"]
    # Matroska states one duration, its longest stream's, which may be the sound, in milliseconds.
    assert found.duration_s == pytest.approx(float(probed["duration"]), abs=0.005)


@pytest.mark.parametrize(
    ("degrees", "sides"), [(90, (HEIGHT, WIDTH)), (180, (WIDTH, HEIGHT)), (270, (HEIGHT, WIDTH))]
)
def test_a_film_that_players_turn_is_measured_as_it_is_shown(
    look: Look, degrees: int, sides: tuple[int, int]
) -> None:
    """Phones write upright films so; the metadata speak of what is seen."""
    found = _measured(look, turned(degrees))
    assert (found.width, found.height) == sides


@pytest.mark.parametrize("form", PICTURES)
def test_a_picture_is_measured(look: Look, form: str) -> None:
    """It has sides and a palette, and none of what a film has."""
    found = _measured(look, picture(form))
    assert (found.width, found.height) == (WIDTH, HEIGHT)
    assert (found.duration_s, found.frames, found.frame_rate, found.codec) == (None, None, None, None)


def test_a_picture_that_viewers_turn_is_measured_as_it_is_shown(look: Look) -> None:
    """EXIF orientation 6 turns it by a quarter, and its palette with it."""
    buffer, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6
    draw(0).save(buffer, "PNG", exif=exif)
    found = _measured(look, buffer.getvalue())
    assert (found.width, found.height) == (HEIGHT, WIDTH)
    upright = draw(0).transpose(Image.Transpose.ROTATE_270)
    assert found.palette is not None
    assert palette_distance(found.palette, upright.resize((5, 5), Image.Resampling.BOX).tobytes()) < 1


def test_one_frame_is_a_film(look: Look) -> None:
    """Its length is that of the frame."""
    found = _measured(look, film(FILMS["one frame"]))
    assert found.frames == 1
    assert found.duration_s == pytest.approx(1 / 24)


def test_inspection_decodes_one_frame_alone(tmp_path: Path) -> None:
    """It is done for each of a million files: bytes of a later frame are `--deep`'s business."""
    path = tmp_path / "film.mp4"
    data = bytearray(film(FILMS["index first"]))
    # The second half of the media data: lengths of the units aside, nothing in it decodes.
    half = (data.index(b"mdat") + len(data)) // 2
    for at in range(half, len(data), 7):
        data[at] ^= 0x55
    path.write_bytes(data)
    assert isinstance(inspect_media(path), Measurement)
    assert find_decode_error(path) is not None


def test_a_film_without_pictures_is_damaged(look: Look) -> None:
    """A container of sound alone is no video."""
    data = bytearray(film(FILMS["mp4"]))
    at = data.index(b"hdlr")
    assert data[at + 12 : at + 16] == b"vide"
    data[at + 12 : at + 16] = b"soun"
    found = look(bytes(data))
    assert isinstance(found, Damaged)
    assert found.kind is MediaKind.MP4
