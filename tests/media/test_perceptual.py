"""What films look like, in bits: measured on the demo's looks, each encoded in many ways."""

from __future__ import annotations

import asyncio
import itertools
import statistics
from functools import partial
from pathlib import Path

import ffmpeg
import pytest

from archiver.demo.encoding import encode
from archiver.demo.looks import moving_picture
from archiver.media.ffmpeg import locate_ffmpeg
from archiver.media.filming import FilmError
from archiver.media.perceptual import NEAR_BITS, differing_bits, perceptual_hash
from tests.media.samples import FILMS, film

_LOOKS = 9
_SIDES, _FRAMES, _RATE = (320, 176), 25, 24
_VARIANTS: dict[str, dict[str, str | int]] = {
    "compressed": {"crf": 30},
    "half": {"crf": 24, "vf": "scale=iw/2:ih/2"},
    "faster": {"vf": "fps=48"},
    "in grey": {"vf": "hue=s=0"},
}


@pytest.fixture(scope="session")
def looks(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, int]:
    """Return small films of what the demo shows, each another, with their hashes."""
    paths = asyncio.run(_make_looks(tmp_path_factory.mktemp("looks")))
    return {path: hash_of(path) for path in paths}


async def _make_looks(folder: Path) -> list[Path]:
    write = partial(encode, frames=_FRAMES, frame_rate=_RATE, ffmpeg_path=locate_ffmpeg())
    paths = [folder / f"{number}.mp4" for number in range(_LOOKS)]
    pictures = [moving_picture(number, _SIDES, _FRAMES, _RATE) for number in range(_LOOKS)]
    await asyncio.gather(*map(write, pictures, paths))
    return paths


def hash_of(path: Path) -> int:
    """Return the hash of a film that has one."""
    with path.open("rb") as file:
        found = perceptual_hash(file)
    assert found is not None
    return found


def encode_again(path: Path, folder: Path, **options: str | int) -> Path:
    """Write a film in other bytes."""
    again = folder / path.name
    output = ffmpeg.input(str(path)).output(str(again), vcodec="libx264", preset="ultrafast", **options)
    ffmpeg.run(output, cmd=locate_ffmpeg(), quiet=True)
    return again


@pytest.mark.slow
@pytest.mark.parametrize("name", _VARIANTS)
def test_another_encoding_of_a_film_is_near(looks: dict[Path, int], tmp_path: Path, name: str) -> None:
    """Whatever became of its size, its bytes, its rate, its colours."""
    for path, value in looks.items():
        again = encode_again(path, tmp_path, **_VARIANTS[name])
        assert differing_bits(value, hash_of(again)) <= NEAR_BITS


def test_other_films_are_far(looks: dict[Path, int]) -> None:
    """Even two smooth gradients; most are five times as far as what is near."""
    distances = [differing_bits(one, other) for one, other in itertools.combinations(looks.values(), 2)]
    assert min(distances) > 1.5 * NEAR_BITS
    assert statistics.median(distances) > 5 * NEAR_BITS


def test_a_film_played_backwards_is_another(tmp_path: Path) -> None:
    """Five frames are looked at, not one: what moves otherwise is no duplicate."""
    path = tmp_path / "forwards"
    path.write_bytes(film())
    (tmp_path / "again").mkdir()
    backwards = encode_again(path.rename(tmp_path / "film.mp4"), tmp_path / "again", vf="reverse")
    assert differing_bits(hash_of(tmp_path / "film.mp4"), hash_of(backwards)) > NEAR_BITS


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(FILMS) - {"one frame", "uneven"}))
def test_a_film_is_known_again_in_every_container(tmp_path: Path, name: str) -> None:
    """Edit lists, fragments, rounded times and other codecs show the same frames."""
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_bytes(film())
    other.write_bytes(film(FILMS[name]))
    assert differing_bits(hash_of(one), hash_of(other)) <= NEAR_BITS


@pytest.mark.parametrize("colour", ["black", "white", "blue"])
def test_a_plain_film_has_no_hash(tmp_path: Path, colour: str) -> None:
    """Otherwise all films that show nothing, or fade, would be one."""
    path = tmp_path / "plain.mp4"
    source = ffmpeg.input(f"color={colour}:size=64x48:duration=1", format="lavfi")
    ffmpeg.run(source.output(str(path)), cmd=locate_ffmpeg(), quiet=True)
    with path.open("rb") as file:
        assert perceptual_hash(file) is None


@pytest.mark.parametrize("data", [b"", b"<html>", film()[:200]])
def test_what_does_not_decode_is_an_error(tmp_path: Path, data: bytes) -> None:
    """It has no looks."""
    (tmp_path / "film").write_bytes(data)
    with (tmp_path / "film").open("rb") as file, pytest.raises(FilmError):
        perceptual_hash(file)
