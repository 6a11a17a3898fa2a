"""The clips are what their facts say, measured by another program than the one that made them."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import av
import imageio_ffmpeg
import pytest
from PIL import Image, ImageChops, ImageStat

from archiver.demo.clips import Clip, ClipOptions, make_clips
from archiver.demo.encoding import ClipError
from archiver.demo.plan import plan_demo
from archiver.domain.checks import MediaKind
from archiver.domain.identity import GenerationId
from tests.demo.conftest import PLAN, SMALL

# Of 255. JPEG halves the chroma once more: at this size saturated edges alone differ by 6.
SAME_PICTURE = 8.0


def decode(path: Path) -> list[Image.Image]:
    """Return all frames of a video."""
    with av.open(path) as container:
        return [frame.to_image() for frame in container.decode(video=0)]  # type: ignore[no-untyped-call]  # PyAV has no type for it


def difference(one: Image.Image, other: Image.Image) -> float:
    """Return the mean absolute difference of two pictures, of 255."""
    stat_ = ImageStat.Stat(ImageChops.difference(one.convert("RGB"), other.convert("RGB")))
    return sum(stat_.mean) / 3


def test_a_generation_that_failed_has_no_clip(clips: Mapping[GenerationId, Clip]) -> None:
    """There is nothing to download of it."""
    assert set(clips) == {each.id for each in PLAN if each.failure_reason is None}


def test_every_video_is_h264_of_the_stated_size_rate_and_length(clips: Mapping[GenerationId, Clip]) -> None:
    """The archiver checks exactly these facts."""
    for path in {path for clip in clips.values() for path in (clip.video, clip.video_raw)}:
        with av.open(path) as container:
            stream = container.streams.video[0]
            assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
            assert (stream.width, stream.height, stream.frames) == (160, 96, 31)
            assert stream.average_rate == 24
            assert stream.time_base is not None
            assert stream.duration is not None
            assert stream.duration * stream.time_base == Fraction(31, 24)


def test_a_video_begins_with_its_index(clips: Mapping[GenerationId, Clip]) -> None:
    """Fast start: a gallery's page plays a clip before it is here whole."""
    for clip in clips.values():
        data = clip.video.read_bytes()
        assert 0 < data.index(b"moov") < data.index(b"mdat")


def test_the_duration_is_rounded_as_the_service_rounds_it() -> None:
    """121 frames at 24 a second are stated as 5.041667."""
    assert ClipOptions().frames == 121
    assert round(ClipOptions().frames / ClipOptions().frame_rate, 6) == 5.041667


def test_the_pictures_move_up_to_the_last_frame(clips: Mapping[GenerationId, Clip]) -> None:
    """Otherwise a wrong frame would pass for the last one."""
    for clip in clips.values():
        *_, before, last = decode(clip.video_raw)
        assert difference(before, last) > 0.3


def test_the_last_frame_is_the_videos_own(clips: Mapping[GenerationId, Clip]) -> None:
    """It is nearer to the last decoded frame than to any other."""
    for clip in clips.values():
        with Image.open(clip.last_frame) as picture:
            assert picture.format == "JPEG"
            distances = [difference(picture, frame) for frame in decode(clip.video_raw)]
        assert distances[-1] == min(distances)
        assert distances[-1] < SAME_PICTURE


def test_the_thumbnails_are_the_first_frame_in_three_formats(clips: Mapping[GenerationId, Clip]) -> None:
    """An image host answers by the Accept header."""
    for clip in clips.values():
        first = decode(clip.video_raw)[0]
        for kind, path in clip.thumbnails.items():
            with Image.open(path) as picture:
                assert (picture.format, picture.size) == (kind.name, (160, 96))
                assert difference(picture, first) < SAME_PICTURE


def test_the_palette_is_the_average_colour_of_25_fields(clips: Mapping[GenerationId, Clip]) -> None:
    """75 bytes, RGB, row by row, held against averages counted field by field."""
    for clip in clips.values():
        assert len(clip.palette) == 75
        with Image.open(clip.thumbnails[MediaKind.PNG]) as picture:
            field = picture.convert("RGB").crop((32, 0, 64, 19))
        # The second field of the first row is 32 pixels wide and 19.2 high.
        expected = ImageStat.Stat(field).mean
        assert list(clip.palette[3:6]) == pytest.approx(expected, abs=4)


def test_one_video_is_watermarked_and_elsewhere_both_are_one_file(clips: Mapping[GenerationId, Clip]) -> None:
    """The archiver keeps two files there and one set of bytes elsewhere."""
    for generation in PLAN[:9]:
        clip = clips[generation.id]
        assert (clip.video != clip.video_raw) == generation.is_watermarked
        if generation.is_watermarked:
            assert difference(decode(clip.video)[-1], decode(clip.video_raw)[-1]) > 0.3


def test_no_two_clips_are_alike(clips: Mapping[GenerationId, Clip]) -> None:
    """Equal bytes would be stored once, and a demo would show less than it says."""
    videos = {path.read_bytes() for clip in clips.values() for path in {clip.video, clip.video_raw}}
    assert len(videos) == len(clips) + 1


async def test_the_same_clips_are_made_again(clips: Mapping[GenerationId, Clip], tmp_path: Path) -> None:
    """A service that was started anew has the same files under the same ETags: downloads go on."""
    made = await make_clips(PLAN, tmp_path, options=SMALL)
    for id_, clip in clips.items():
        assert made[id_].palette == clip.palette
        for before, now in ((clip.video, made[id_].video), (clip.video_raw, made[id_].video_raw)):
            assert before.read_bytes() == now.read_bytes()


async def test_clips_beyond_the_first_ten_come_in_other_colours(tmp_path: Path) -> None:
    """A larger `--count` uses every look again."""
    plan = plan_demo(11)
    made = await make_clips((plan[0], plan[10]), tmp_path, options=SMALL)
    first, again = (made[plan[n].id] for n in (0, 10))
    assert first.palette != again.palette


async def test_each_clip_is_told_as_it_is_done(tmp_path: Path) -> None:
    """Making ten takes ten seconds: the person waiting sees how far it is."""
    told: list[tuple[int, Clip]] = []
    made = await make_clips(
        PLAN[:2], tmp_path, lambda generation, clip: told.append((generation.number, clip)), SMALL
    )
    assert sorted(number for number, _ in told) == [0, 1]
    assert {clip.video for _, clip in told} == {clip.video for clip in made.values()}


async def test_the_ffmpeg_of_the_python_package_is_enough(tmp_path: Path) -> None:
    """A fresh machine has no other."""
    options = ClipOptions(width=160, height=96, frames=31, ffmpeg_path=str(imageio_ffmpeg.get_ffmpeg_exe()))
    made = await make_clips(PLAN, tmp_path, options=options)
    for clip in made.values():
        assert len(decode(clip.video)) == 31


async def test_an_ffmpeg_that_fails_is_told_in_one_line(tmp_path: Path) -> None:
    """What, where, and the program's own last words; nothing unprintable."""
    options = ClipOptions(
        ffmpeg_path=_program(tmp_path, "echo first; printf 'no \\033[1mencoder\\n' >&2; exit 7")
    )
    with pytest.raises(ClipError) as caught:
        await make_clips(PLAN[:1], tmp_path, options=options)
    text = str(caught.value)
    assert "video0.mp4 (exit code 7)" in text
    assert "encoder" in text
    assert text.isprintable()


async def test_a_missing_ffmpeg_is_told_with_what_to_do(tmp_path: Path) -> None:
    """The path was given, and there is nothing."""
    options = ClipOptions(ffmpeg_path=str(tmp_path / "nothing"))
    with pytest.raises(ClipError, match="install ffmpeg"):
        await make_clips(PLAN[:1], tmp_path, options=options)


async def test_an_interrupted_making_leaves_no_ffmpeg_running(tmp_path: Path) -> None:
    """Ctrl-C ends the whole, not only what waits."""
    os.mkfifo(tmp_path / "started")
    program = _program(tmp_path, f"echo $$ > {tmp_path}/started; exec sleep 600")
    making = asyncio.create_task(make_clips(PLAN[:1], tmp_path, options=ClipOptions(ffmpeg_path=program)))
    pid = int(await asyncio.to_thread((tmp_path / "started").read_text))
    making.cancel()
    with pytest.raises(asyncio.CancelledError):
        await making
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def _program(folder: Path, script: str) -> str:
    """Write a shell script that stands for ffmpeg; return its path."""
    path = folder / "ffmpeg"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)
