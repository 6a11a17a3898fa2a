"""Every frame decodes, or the first complaint is one clean line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from archiver.media.inspection import find_decode_error, inspect_media
from tests.media.samples import FILMS, PICTURES, film, picture, turned

_QUIET = """
import sys
from pathlib import Path
from archiver.media.frames import last_frame_similarity
from archiver.media.inspection import find_decode_error, inspect_media
for name in sys.argv[1:]:
    inspect_media(Path(name)), find_decode_error(Path(name)), last_frame_similarity(Path(name), Path(name))
"""
_FFMPEG_OF_THE_PACKAGE = """
import sys
from pathlib import Path
from archiver.media.ffmpeg import locate_ffmpeg
from archiver.media.frames import last_frame_similarity
from archiver.media.inspection import find_decode_error
whole, broken, picture = map(Path, sys.argv[1:])
print("imageio_ffmpeg" in locate_ffmpeg())
print(find_decode_error(whole) is None, find_decode_error(broken) is not None)
print(last_frame_similarity(picture, whole) is not None)
"""


def _flipped(data: bytes) -> bytes:
    """Return a film with one byte changed, in the middle of its keyframe's slice."""
    begin = data.index(b"mdat") + 4
    slices = data.index(b"\x65", begin + 700)  # beyond x264's own words
    changed = bytearray(data)
    changed[slices + 40] ^= 0xFF
    return bytes(changed)


@pytest.mark.parametrize("name", sorted(FILMS))
def test_a_whole_film_decodes_without_a_complaint(tmp_path: Path, name: str) -> None:
    """Moments that are rounded, uneven or hidden are no fault of any frame."""
    path = tmp_path / "film"
    path.write_bytes(film(FILMS[name]))
    assert find_decode_error(path) is None


def test_a_film_that_players_turn_decodes_without_a_complaint(tmp_path: Path) -> None:
    """Turning is the player's work."""
    path = tmp_path / "film.mp4"
    path.write_bytes(turned(90))
    assert find_decode_error(path) is None


@pytest.mark.parametrize("form", PICTURES)
def test_a_whole_picture_decodes_without_a_complaint(tmp_path: Path, form: str) -> None:
    """All of a GIF's frames, too."""
    path = tmp_path / "picture"
    path.write_bytes(picture(form))
    assert find_decode_error(path) is None


def test_one_changed_byte_in_a_frame_is_found_and_said_in_one_clean_line(tmp_path: Path) -> None:
    """Only decoding finds it; a path, or an address in memory, would differ with every run and machine."""
    path = tmp_path / "film.mp4"
    path.write_bytes(_flipped(film()))
    complaint = find_decode_error(path)
    assert complaint
    assert complaint.isprintable()
    assert len(complaint) <= 160
    assert "0x" not in complaint
    assert str(tmp_path) not in complaint


@pytest.mark.parametrize("form", ["PNG", "AVIF"])
def test_a_picture_with_changed_data_is_found(tmp_path: Path, form: str) -> None:
    """JPEG, WebP and GIF have no checksum: what is changed there may decode to another picture."""
    data = bytearray(picture(form))
    for at in range(len(data) // 2, len(data) // 2 + 60):
        data[at] ^= 0xA5
    path = tmp_path / "picture"
    path.write_bytes(data)
    assert find_decode_error(path)


@pytest.mark.parametrize("name", ["-i.mp4", "concat:a|b.mp4", "%03d.mp4", "a b'\".mp4"])
def test_a_file_s_name_is_never_an_option_or_a_protocol(tmp_path: Path, name: str) -> None:
    """The name of the archive's folder is its owner's choice."""
    path = tmp_path / name
    path.write_bytes(film())
    assert find_decode_error(path) is None


def test_nothing_is_printed_by_any_library(tmp_path: Path) -> None:
    """Standard error is the archiver's own; libav, its decoders and Pillow are all talkative."""
    data = film(FILMS["index first"])
    bodies = [data, _flipped(film()), data[:-900], data[:2000] + bytes(60) + data[2060:], b"<html>"]
    bodies += [picture(form)[:-30] for form in PICTURES] + [film(FILMS["webm"])[:-100]]
    paths = [tmp_path / f"body{number}" for number in range(len(bodies))]
    for path, body in zip(paths, bodies, strict=True):
        path.write_bytes(body)
    command = [sys.executable, "-c", _QUIET, *map(str, paths)]
    ended = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - our own words
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"", b"")


def test_the_package_s_ffmpeg_is_enough(tmp_path: Path) -> None:
    """A fresh machine has none of its own."""
    whole, broken, last = tmp_path / "whole.mp4", tmp_path / "broken.mp4", tmp_path / "last.jpg"
    whole.write_bytes(film())
    broken.write_bytes(_flipped(film()))
    last.write_bytes(picture())
    command = [sys.executable, "-c", _FFMPEG_OF_THE_PACKAGE, *map(str, (whole, broken, last))]
    environment = {**os.environ, "PATH": ""}
    said = subprocess.check_output(command, text=True, env=environment)  # noqa: S603 - our own words
    assert said.split() == ["True"] * 4


def test_a_file_that_is_not_there_is_the_disk_s_error(tmp_path: Path) -> None:
    """It says nothing about media."""
    with pytest.raises(FileNotFoundError):
        inspect_media(tmp_path / "gone.mp4")
    with pytest.raises(FileNotFoundError):
        find_decode_error(tmp_path / "gone.mp4")
