"""Changed copies of films: exactly the frames, the size and the length that were asked for."""

from __future__ import annotations

import hashlib
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import av
import pytest
from PIL import Image

from archiver.domain.checks import Measurement, MediaKind
from archiver.domain.errors import DiskFullError, RunInterruptedError, UsageError
from archiver.media.changes import Changes
from archiver.media.filming import FilmError
from archiver.media.inspection import inspect_media
from archiver.media.stills import sample_frames
from archiver.media.transcode import transcode
from tests.media.numbered import HEIGHT, WIDTH, number_of, numbered_film, numbers_in, opened, pictures_of
from tests.media.samples import FILMS, film, turned
from tests.simulator import Recipe, make_clip

_UNCHANGED = Changes()
_CONTAINERS = {
    "mp4": numbered_film(),
    "B-frames and an edit list": numbered_film(b_frames=2),
    "mkv": numbered_film(form="matroska"),
}


def changed(tmp_path: Path, data: bytes, changes: Changes) -> Path:
    """Return the changed copy of a film; it is what it is said to be."""
    source, target = tmp_path / "source", tmp_path / "changed.mp4"
    source.write_bytes(data)
    with source.open("rb") as file:
        found = transcode(file, target, changes)
    assert inspect_media(target) == found
    return target


def measured(path: Path) -> Measurement:
    """Return what is in a file that holds media."""
    found = inspect_media(path)
    assert isinstance(found, Measurement)
    return found


def stills(tmp_path: Path, data: bytes, count: int, changes: Changes = _UNCHANGED) -> list[Path]:
    """Return the stills of a film."""
    source = tmp_path / "source"
    source.write_bytes(data)
    with source.open("rb") as file:
        return sample_frames(file, tmp_path, count, changes)


@pytest.mark.parametrize(
    ("sides", "side", "result"),
    [
        ((256, 144), 72, (128, 72)),
        ((144, 256), 72, (72, 128)),
        ((100, 100), 64, (64, 64)),
        # 1360 x 752 at 512 is 925.96 wide.
        ((1360, 752), 512, (926, 512)),
        ((64, 48), 96, (128, 96)),
    ],
)
def test_the_shorter_side_is_what_was_asked_for(
    tmp_path: Path, sides: tuple[int, int], side: int, result: tuple[int, int]
) -> None:
    """The other keeps the shape; both are even, for H.264 has no others in yuv420p."""
    clip = make_clip(Recipe(width=sides[0], height=sides[1], frames=4)).video.data
    found = measured(changed(tmp_path, clip, Changes(resize=side)))
    assert (found.width, found.height, found.frames) == (*result, 4)


def test_the_square_is_the_middle(tmp_path: Path) -> None:
    """The middle bars of the frame are left, and not the outer ones."""
    (picture,) = pictures_of(changed(tmp_path, numbered_film(256), Changes(is_cropped=True, end_s=1 / 24)))
    assert picture.size == (HEIGHT, HEIGHT)
    *_, last = pictures_of(changed(tmp_path, numbered_film(256), Changes(is_cropped=True)))
    assert min(last.convert("L").tobytes()) > 200  # number 255 is white all over
    at_60 = list(pictures_of(tmp_path / "changed.mp4"))[0b00111100]
    # Bars 2 to 5 of 20 pixels are white: from 40 to 120 of 160, of which 32 to 128 are left.
    row = at_60.convert("L").crop((0, 40, HEIGHT, 41)).tobytes()
    assert [level > 127 for level in (row[4], row[12], row[83], row[92])] == [False, True, True, False]


def test_sides_become_even_where_nothing_else_is_asked_for(tmp_path: Path) -> None:
    """A WebM may have odd ones: a row of pixels is cut off, none is drawn anew."""
    path = tmp_path / "odd.webm"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libvpx", rate=24)
        stream.width, stream.height, stream.pix_fmt = 65, 49, "yuv420p"
        frame: av.VideoFrame = av.VideoFrame.from_image(Image.new("RGB", (65, 49), "red"))  # type: ignore[no-untyped-call]  # as PyAV has it
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    found = measured(changed(tmp_path, path.read_bytes(), Changes()))
    assert (found.width, found.height, found.kind, found.codec) == (64, 48, MediaKind.MP4, "h264")


def test_a_turned_film_is_turned_for_good(tmp_path: Path) -> None:
    """Loaders mostly ignore the display matrix."""
    found = measured(changed(tmp_path, turned(90), Changes(resize=32)))
    assert (found.width, found.height) == (32, 48)
    assert measured(tmp_path / "source").width == 64


@pytest.mark.parametrize("name", _CONTAINERS)
def test_a_lower_rate_has_the_frames_shown_at_its_moments(tmp_path: Path, name: str) -> None:
    """Eight a second of 24: every third, from the first on; the film is 5.04 s long."""
    found = changed(tmp_path, _CONTAINERS[name], Changes(fps=8))
    assert numbers_in(found) == list(range(0, 121, 3))
    assert (measured(found).frame_rate, measured(found).duration_s) == ("8/1", 41 / 8)


def test_a_higher_rate_repeats_frames(tmp_path: Path) -> None:
    """Nothing is interpolated."""
    found = changed(tmp_path, numbered_film(24), Changes(fps=48))
    assert numbers_in(found) == [number for number in range(24) for _ in range(2)]
    assert measured(found).duration_s == 1


def test_a_rate_of_television_is_exact(tmp_path: Path) -> None:
    """29.97 is 30000/1001, which no float is."""
    found = measured(changed(tmp_path, numbered_film(24), Changes(fps=30000 / 1001)))
    assert found.frame_rate == "30000/1001"


@pytest.mark.parametrize("name", _CONTAINERS)
def test_a_part_has_the_frames_from_its_begin_up_to_its_end(tmp_path: Path, name: str) -> None:
    """Also where it does not begin with a keyframe, of which there are two a second."""
    found = changed(tmp_path, _CONTAINERS[name], Changes(begin_s=1.25, end_s=3.75))
    assert numbers_in(found) == list(range(30, 90))
    assert measured(found).duration_s == 2.5


def test_all_changes_go_together(tmp_path: Path) -> None:
    """A part, its square, small, slow: 2.5 seconds at 8 a second are 20 frames."""
    changes = Changes(begin_s=0, end_s=2.5, fps=8, is_cropped=True, resize=32)
    found = measured(changed(tmp_path, numbered_film(), changes))
    assert (found.width, found.height, found.frames) == (32, 32, 20)
    assert (found.frame_rate, found.duration_s) == ("8/1", 2.5)


@pytest.mark.parametrize("name", sorted(FILMS))
def test_every_kind_of_film_keeps_its_frames(tmp_path: Path, name: str) -> None:
    """Whatever the container, its rounded times and its uneven frames: none is dropped, none repeated."""
    found = measured(changed(tmp_path, film(FILMS[name]), Changes(resize=32)))
    original = measured(tmp_path / "source")
    assert (found.frames, found.kind, found.codec) == (original.frames, MediaKind.MP4, "h264")
    assert found.duration_s == pytest.approx(original.duration_s, abs=0.002)


def test_sound_is_kept_and_cut_with_the_picture(tmp_path: Path) -> None:
    """Models of sound and picture are trained on both."""
    found = changed(tmp_path, film(FILMS["sound"]), Changes(begin_s=0.25, end_s=0.75))
    with av.open(str(found)) as container:
        (sound,) = container.streams.audio
        assert sound.codec_context.name == "aac"
        assert sound.duration is not None
        assert sound.time_base is not None
        assert float(sound.duration * sound.time_base) == pytest.approx(0.5, abs=0.001)


def test_the_same_film_gives_the_same_bytes(tmp_path: Path) -> None:
    """A dataset is made again to the letter; its record's digests say so."""
    changes = Changes(resize=48, fps=8)

    def digests() -> list[str]:
        made = [
            changed(tmp_path, film(FILMS["sound"]), changes),
            *stills(tmp_path, numbered_film(), 3, changes),
        ]
        return [hashlib.sha256(path.read_bytes()).hexdigest() for path in made]

    assert digests() == digests()


@pytest.mark.parametrize("make", [changed, lambda *given: stills(given[0], given[1], 4, given[2])])
@pytest.mark.parametrize(
    ("begin_s", "end_s", "words"),
    [
        (0.0, 9.0, "0 s to 9 s is not all in the film, which ends at 5.04167 s"),
        (7.0, 9.0, "no frame of the film lies in 7 s to 9 s"),
    ],
)
def test_a_part_outside_of_the_film_is_an_error(
    tmp_path: Path, make: Callable[..., object], begin_s: float, end_s: float, words: str
) -> None:
    """A shorter clip among equals would be found in training, or never."""
    with pytest.raises(FilmError, match=words):
        make(tmp_path, numbered_film(), Changes(begin_s=begin_s, end_s=end_s))


@pytest.mark.parametrize("make", [changed, lambda *given: stills(given[0], given[1], 4, given[2])])
@pytest.mark.parametrize("damage", ["cut", "holed", "text", "empty"])
def test_a_damaged_film_is_an_error_in_one_line(
    tmp_path: Path, make: Callable[..., object], damage: str
) -> None:
    """An encoder that conceals what is missing makes a whole file of half a film."""
    data = film(FILMS["index first"])
    holed = data[: len(data) // 2] + bytes(400) + data[len(data) // 2 + 400 :]
    damaged = {"cut": data[: len(data) * 2 // 3], "holed": holed, "text": b"<html>", "empty": b""}[damage]
    with pytest.raises(FilmError) as caught:
        make(tmp_path, damaged, Changes(resize=32))
    assert caught.value.message.isprintable()
    assert "/dev/fd" not in caught.value.message


def test_a_film_may_be_called_anything(tmp_path: Path) -> None:
    """It is handed over open: no name is taken for an option, a protocol or a pattern."""
    folder = tmp_path / "100%03d -y"
    folder.mkdir()
    source = folder / os.fsdecode(b"-i http:\xff%d'.mp4")
    source.write_bytes(numbered_film(24))
    with source.open("rb") as file:
        found = transcode(file, folder / "-changed.mp4", Changes(resize=32))
        paths = sample_frames(file, folder, 2, Changes())
    assert found.frames == 24
    assert [number_of(opened(path)) for path in paths] == [6, 18]


def test_a_playlist_opens_no_other_file(tmp_path: Path) -> None:
    """A film that is a list of other files would bring them into a dataset."""
    (tmp_path / "private.mp4").write_bytes(numbered_film(24))
    for listing in (
        "ffconcat version 1.0\nfile private.mp4\n",
        f"#EXTM3U\n#EXTINF:1,\n{tmp_path}/private.mp4\n",
    ):
        with pytest.raises(FilmError):
            changed(tmp_path, listing.encode(), Changes())


@pytest.mark.parametrize(
    ("count", "numbers"), [(1, [60]), (2, [30, 90]), (4, [15, 45, 75, 105]), (121, list(range(121)))]
)
@pytest.mark.slow
@pytest.mark.parametrize("name", _CONTAINERS)
def test_stills_are_from_the_middle_of_each_part(
    tmp_path: Path, name: str, count: int, numbers: list[int]
) -> None:
    """Exactly decoded, whatever keyframes there are, and whatever the container says of its frames."""
    paths = stills(tmp_path, _CONTAINERS[name], count)
    assert [number_of(opened(path)) for path in paths] == numbers
    assert all(opened(path).size == (WIDTH, HEIGHT) for path in paths)


def test_stills_are_of_the_changed_film(tmp_path: Path) -> None:
    """The middle of the second and the fourth quarter of a second, small."""
    paths = stills(tmp_path, numbered_film(), 2, Changes(begin_s=1, end_s=2, resize=48, is_cropped=False))
    assert [number_of(opened(path)) for path in paths] == [30, 42]
    assert {opened(path).size for path in paths} == {(80, 48)}


def test_as_many_stills_as_can_be_asked_for_are_made(tmp_path: Path) -> None:
    """An expression for ffmpeg has a limit that a long list of frames runs into."""
    paths = stills(tmp_path, make_clip(Recipe(frames=1000)).video.data, 999)
    assert len(set(paths)) == 999
    assert all(path.stat().st_size for path in paths)


def test_a_short_film_gives_a_frame_twice(tmp_path: Path) -> None:
    """So many stills were asked for, and every sample has as many."""
    paths = stills(tmp_path, numbered_film(2), 4)
    assert [number_of(opened(path)) for path in paths] == [0, 0, 1, 1]


def _ffmpeg_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Let the ffmpeg on PATH be a script, which does what it says where it is given a film."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "ffmpeg"
    program.write_text(
        f"#!{sys.executable}\nimport os, signal, sys\n"
        "if sys.argv[1] == '-version':\n    print('ffmpeg version 5.1'); sys.exit()\n" + script
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


def test_a_full_disk_is_not_the_films_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends the run: otherwise one film after another would be left out, in silence."""
    _ffmpeg_that(tmp_path, monkeypatch, "sys.exit('av_interleaved_write_frame(): No space left on device')")
    with pytest.raises(DiskFullError):
        changed(tmp_path, numbered_film(2), Changes())


def test_an_interruption_is_not_the_films_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C reaches ffmpeg, too, which then ends with 255 and without a word."""
    _ffmpeg_that(tmp_path, monkeypatch, "sys.exit(255)")
    with pytest.raises(RunInterruptedError):
        changed(tmp_path, numbered_film(2), Changes())


def test_a_crash_is_an_error_of_the_film(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A decoder that a crafted film brings down ends its own process."""
    _ffmpeg_that(tmp_path, monkeypatch, f"os.kill(os.getpid(), {int(signal.SIGSEGV)})")
    with pytest.raises(FilmError, match="crashed"):
        changed(tmp_path, numbered_film(2), Changes())


def test_an_ffmpeg_that_cannot_be_run_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A broken installation is no damage of a hundred thousand films."""
    _ffmpeg_that(tmp_path, monkeypatch, "")
    (tmp_path / "bin" / "ffmpeg").write_text("#!/nowhere/python\n")
    with pytest.raises(UsageError, match="cannot be run"):
        changed(tmp_path, numbered_film(2), Changes())


def test_ffmpeg_is_given_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It reads a stranger's film: the key is none of its business."""
    monkeypatch.setenv("LUMA_API_KEY", "sk-secret")
    seen = tmp_path / "seen"
    _ffmpeg_that(tmp_path, monkeypatch, f"open({str(seen)!r}, 'w').write(str(dict(os.environ))); sys.exit(1)")
    with pytest.raises(FilmError):
        changed(tmp_path, numbered_film(2), Changes())
    assert "PATH" in seen.read_text()
    assert "sk-secret" not in seen.read_text()
