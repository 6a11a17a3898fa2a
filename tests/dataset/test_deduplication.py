"""Clips that an archive has twice come into a dataset once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import ffmpeg
import pytest

from archiver.dataset.deduplication import without_duplicates
from archiver.dataset.options import Dedupe
from archiver.media.ffmpeg import locate_ffmpeg
from tests.dataset.filmed import examples_in, keep_film
from tests.media.numbered import numbered_film
from tests.media.samples import film, picture


def encoded_again(data: bytes, folder: Path) -> bytes:
    """Return a film smaller, in other bytes."""
    one, other = folder / "one.mp4", folder / "other.mp4"
    one.write_bytes(data)
    ffmpeg.run(
        ffmpeg.input(str(one)).output(str(other), vf="scale=iw/2:-2", crf=28), cmd=locate_ffmpeg(), quiet=True
    )
    return other.read_bytes()


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an archive with a film twice, twice more in another encoding, and others. Do not write to it."""
    folder = tmp_path_factory.mktemp("twice")
    root, again = folder / "archive", encoded_again(film(), folder)
    keep_film(root, "b", {"video.mp4": film()})
    keep_film(root, "c", {"video.mp4": film()})
    keep_film(root, "a", {"video.mp4": numbered_film(24)})
    keep_film(root, "e", {"video_raw.mp4": again})
    keep_film(root, "d", {"video.mp4": again})
    keep_film(root, "x", {"thumbnail.jpg": picture()})
    keep_film(root, "y", {"video.mp4": b"no film"})
    keep_film(root, "z", {"video.mp4": film()[:300]})
    return root


@pytest.mark.parametrize(
    ("dedupe", "kept", "dropped"),
    [
        (Dedupe.NONE, "abcdexyz", {}),
        (Dedupe.SHA256, "abdxyz", {"c": "b", "e": "d"}),
        (Dedupe.PERCEPTUAL, "abxyz", {"c": "b", "d": "b", "e": "b"}),
    ],
)
def test_of_what_is_the_same_the_first_id_is_kept(
    archive: Path, dedupe: Dedupe, kept: str, dropped: Mapping[str, str]
) -> None:
    """The others are told with the one that stands for them; no clip, or a broken one, is no duplicate."""
    examples, found = without_duplicates(archive, examples_in(archive), dedupe)
    assert "".join(example.id for example in examples) == kept
    assert found == dropped


def test_the_order_of_the_examples_stays(archive: Path) -> None:
    """It is the dataset's, whatever is dropped from it."""
    backwards = examples_in(archive)[::-1]
    examples, found = without_duplicates(archive, backwards, Dedupe.PERCEPTUAL)
    assert [example.id for example in examples] == ["z", "y", "x", "b", "a"]
    assert found == {"c": "b", "d": "b", "e": "b"}
