"""The simulator's media are real, and what is said of them is true."""

from __future__ import annotations

import io
from fractions import Fraction

import av
import pytest
from PIL import Image

from tests.simulator.clips import Media, Recipe, make_clip, pad


def _measure(media: Media) -> tuple[int, int, float, int]:
    with av.open(io.BytesIO(media.data), "r") as container:
        stream = container.streams.video[0]
        frames = sum(1 for _ in container.decode(video=0))
        length_s = float((stream.duration or 0) * (stream.time_base or Fraction(0)))
        return stream.codec_context.width, stream.codec_context.height, round(length_s, 6), frames


@pytest.mark.parametrize(
    "recipe",
    [Recipe(), Recipe(width=96, height=64, frames=7, rate=30), Recipe(noise=True), Recipe(faststart=True)],
)
def test_a_clip_is_what_its_facts_say(recipe: Recipe) -> None:
    """Tests hold the archiver's measurements against these facts."""
    raw = make_clip(recipe).video_raw
    assert _measure(raw) == (raw.width, raw.height, raw.duration_s, raw.frames)
    assert (raw.width, raw.height, raw.frames) == (recipe.width, recipe.height, recipe.frames)


def test_a_clip_is_made_once() -> None:
    """Encoding costs more than most tests."""
    assert make_clip(Recipe(seed=1)) is make_clip(Recipe(seed=1))


def test_clips_of_other_seeds_are_other_clips() -> None:
    """A mix-up of two generations must show."""
    assert make_clip(Recipe(seed=1)).video.data != make_clip(Recipe(seed=2)).video.data


def test_a_watermarked_video_is_another_file() -> None:
    """By default both names mean one file, as in the page's example."""
    plain, marked = make_clip(), make_clip(Recipe(watermarked=True))
    assert plain.video is plain.video_raw
    assert marked.video.data != marked.video_raw.data
    assert marked.video_raw.data == plain.video_raw.data


def test_faststart_puts_the_index_first() -> None:
    """A cut file then still opens, and only its frames are missing."""
    first, usual = make_clip(Recipe(faststart=True)).video.data, make_clip().video.data
    assert first.index(b"moov") < first.index(b"mdat")
    assert usual.index(b"moov") > usual.index(b"mdat")


def test_a_padded_clip_has_the_size_that_was_asked_for_and_still_plays() -> None:
    """Big bodies are cheap this way."""
    padded = make_clip().padded_to(1_000_000)
    assert len(padded.video.data) == 1_000_000
    assert padded.video is padded.video_raw
    assert _measure(padded.video) == _measure(make_clip().video)


def test_padding_differs_by_seed() -> None:
    """A thousand different big clips need one encoding."""
    clip = make_clip()
    assert clip.padded_to(10_000, seed=1).video.data != clip.padded_to(10_000, seed=2).video.data


def test_a_file_cannot_be_padded_to_less_than_it_is() -> None:
    """A test that asks for it has its numbers wrong."""
    with pytest.raises(ValueError, match="cannot be padded"):
        pad(make_clip().video, 100)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_pictures_are_of_the_format_that_was_asked_for(form: str) -> None:
    """An image CDN sends any of these under one URL."""
    thumbnail = make_clip(Recipe(picture=form)).thumbnail
    with Image.open(io.BytesIO(thumbnail.data)) as picture:
        picture.load()
        assert picture.format == form
        assert picture.size == (thumbnail.width, thumbnail.height)


def test_a_palette_is_75_bytes_of_the_picture_s_own_colours() -> None:
    """The first frame has a bright bar in its upper left corner and a dark ground at its right."""
    palette = make_clip().thumbnail.palette
    assert palette is not None
    assert len(palette) == 75
    assert palette[:2] == b"\xff\xff"
    assert max(palette[12:15]) < 160
