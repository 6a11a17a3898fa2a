"""Changed clips on their way into a dataset: made ahead, digested, gone when they are written."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.cli.main import main
from archiver.dataset.destination import make_destination
from archiver.dataset.exporting import Export, Work
from archiver.dataset.formats.folder import ImagefolderLayout, VideofolderLayout
from archiver.dataset.lookahead import begun_ahead
from archiver.dataset.media import Losses, LostSampleError, Media, MediaFile
from archiver.dataset.options import ExportOptions, FormatName, TransformOptions
from archiver.dataset.plan import Plan, Sample
from archiver.dataset.resumed import ResumedMedia
from archiver.dataset.stage import Stage
from archiver.dataset.transforming import (
    Transformed,
    describe,
    parse_clip,
    parse_fps,
    parse_frames,
    parse_resize,
)
from archiver.domain.checks import Measurement
from archiver.domain.errors import RunInterruptedError, UsageError
from archiver.domain.identity import AssetName
from archiver.media.inspection import inspect_media
from tests.dataset.filmed import keep_film
from tests.dataset.writing import Originals, plan_of
from tests.media.numbered import number_of, numbered_film, numbers_in, opened
from tests.media.samples import picture

_SMALL = TransformOptions(resize=32, fps=8)
_COUNT = 6


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an archive of six clips of a second, each with a thumbnail. Do not write to it."""
    root = tmp_path_factory.mktemp("clips") / "archive"
    for number in range(_COUNT):
        film = numbered_film(24 + number)
        keep_film(root, f"g-{number}", {"video.mp4": film, "video_raw.mp4": film, "thumbnail.jpg": picture()})
    return root


def plan_for(archive: Path, *assets: AssetName) -> Plan:
    """Return the plan of all clips."""
    return plan_of(archive, ExportOptions(format=FormatName.WEBDATASET), assets=assets or (AssetName.VIDEO,))


def samples_of(plan: Plan) -> list[Sample]:
    """Return a plan's samples in their order."""
    return [sample for samples in plan.samples.values() for sample in samples]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Return the folder for what is made; at the end nothing may be left there."""
    yield tmp_path / "made"
    assert not (tmp_path / "made").exists()


def test_a_clip_is_changed_and_its_original_is_not(archive: Path, folder: Path) -> None:
    """What is given is a file like any other: its size and digest are those of its bytes."""
    plan = plan_for(archive, AssetName.VIDEO, AssetName.THUMBNAIL)
    first = samples_of(plan)[0]
    before = {path: path.read_bytes() for path in archive.rglob("*") if path.is_file()}
    with Transformed(Originals(plan), _SMALL, folder) as media:
        clip, thumbnail = media.files(first)
        found = inspect_media(clip.path)
        assert isinstance(found, Measurement)
        assert (found.width, found.height, found.frame_rate) == (54, 32, "8/1")
        assert (clip.field, clip.extension) == ("video", "mp4")
        assert (clip.size, clip.sha256) == (len(clip.read()), hashlib.sha256(clip.read()).hexdigest())
        assert thumbnail.read() == picture()
    assert {path: path.read_bytes() for path in archive.rglob("*") if path.is_file()} == before


def test_stills_take_the_clips_place(archive: Path, folder: Path) -> None:
    """Pictures that were there stay."""
    plan = plan_for(archive, AssetName.VIDEO, AssetName.VIDEO_RAW, AssetName.THUMBNAIL)
    with Transformed(Originals(plan), TransformOptions(frames=2), folder) as media:
        files = media.files(samples_of(plan)[0])
        assert [file.field for file in files] == ["frame_000", "frame_001", "thumbnail"]
        assert [number_of(opened(file.path)) for file in files[:2]] == [6, 18]


def test_two_names_of_the_same_bytes_are_changed_once(archive: Path, folder: Path) -> None:
    """`video` and `video_raw` often are one file."""
    plan = plan_for(archive, AssetName.VIDEO, AssetName.VIDEO_RAW)
    with Transformed(Originals(plan), _SMALL, folder) as media:
        video, raw = media.files(samples_of(plan)[0])
        assert (video.field, raw.field) == ("video", "video_raw")
        assert video.path == raw.path


@pytest.mark.parametrize("is_told", [True, False], ids=["made ahead", "one by one"])
def test_every_sample_gets_its_own_clip(archive: Path, folder: Path, *, is_told: bool) -> None:
    """Whether the next ones are known beforehand or not."""
    plan = plan_for(archive)
    samples = samples_of(plan)
    with Transformed(
        Originals(plan), TransformOptions(resize=96), folder, samples if is_told else ()
    ) as media:
        for number, sample in enumerate(samples):
            (clip,) = media.files(sample)
            assert numbers_in(clip.path) == list(range(24 + number))


def test_samples_that_are_passed_over_cost_no_order(archive: Path, folder: Path) -> None:
    """Shards that an earlier run wrote are not asked for; and one may be asked for twice."""
    plan = plan_for(archive)
    samples = samples_of(plan)
    with Transformed(Originals(plan), TransformOptions(resize=96), folder, samples) as media:
        for number in (0, 3, 3, 4, 1):
            (clip,) = media.files(samples[number])
            assert len(numbers_in(clip.path)) == 24 + number


def test_no_more_lies_about_than_there_are_processors(archive: Path, folder: Path) -> None:
    """A million changed clips would not fit on the disk beside the dataset."""
    plan = plan_for(archive)
    with Transformed(Originals(plan), _SMALL, folder, samples_of(plan)) as media:
        last: Path | None = None
        for sample in samples_of(plan):
            (clip,) = media.files(sample)
            assert clip.path.exists()
            assert last is None or not last.exists()
            assert len(list(folder.iterdir())) <= (os.cpu_count() or 1) + 1
            last = clip.path


def test_a_clip_that_cannot_be_changed_loses_its_sample_alone(tmp_path: Path, folder: Path) -> None:
    """One that is too short, one that is rotten: their turn comes, and the others' is not disturbed."""
    root = tmp_path / "archive"
    keep_film(root, "a", {"video.mp4": numbered_film(24)})
    rotten = keep_film(root, "b", {"video.mp4": numbered_film(48)}) / "video.mp4"
    keep_film(root, "c", {"video.mp4": numbered_film(48)})
    data = bytearray(rotten.read_bytes())
    data[-1] ^= 1
    rotten.write_bytes(data)
    plan = plan_for(root)
    short, damaged, whole = samples_of(plan)
    options = TransformOptions(clip_begin_s=0.5, clip_end_s=1.5)
    with Transformed(Originals(plan), options, folder, samples_of(plan)) as media:
        with pytest.raises(LostSampleError, match=r"cannot be changed as asked: 0\.5 s to 1\.5 s is not all"):
            media.files(short)
        # An encoder would make a whole clip of it: its digest alone tells.
        with pytest.raises(LostSampleError, match="not what its sidecar records"):
            media.files(damaged)
        (clip,) = media.files(whole)
        assert numbers_in(clip.path) == list(range(12, 36))


def test_a_clip_whose_turn_is_over_is_lost_not_another(archive: Path, folder: Path) -> None:
    """Whoever keeps a file beyond its time is told."""
    plan = plan_for(archive)
    first, second, *_ = samples_of(plan)
    with Transformed(Originals(plan), _SMALL, folder) as media:
        (clip,) = media.files(first)
        media.files(second)
        with pytest.raises(LostSampleError):
            clip.read()


def test_what_was_changed_is_recorded_with_the_ffmpeg_that_did_it() -> None:
    """Another ffmpeg gives other bytes: then the dataset is another."""
    assert describe(TransformOptions()) == {}
    found = describe(TransformOptions(clip_begin_s=0.0, clip_end_s=2.5, resize=512))
    assert found.pop("ffmpeg").startswith("ffmpeg version ")
    assert found == {"resize": 512, "clip_begin_s": 0.0, "clip_end_s": 2.5}


def test_an_export_of_changed_clips_is_the_same_again(archive: Path, tmp_path: Path) -> None:
    """From the command line to the record: small clips in a tar, and no leavings beside it."""
    for name in ("one", "two"):
        options = ["--archive", str(archive), "--resize", "32", "--fps", "8", "--clip", "0:0.5", "--quiet"]
        assert main(["export", "webdataset", str(tmp_path / name), *options]) == 0
    one, two = (
        {
            path.relative_to(tmp_path / name): path.read_bytes()
            for path in (tmp_path / name).rglob("*")
            if path.is_file()
        }
        for name in ("one", "two")
    )
    assert one == two
    assert not list((tmp_path / "one").glob(".partial"))


@pytest.mark.parametrize(("text", "part"), [("0:2.5", (0, 2.5)), ("1:2", (1, 2)), ("0.25:10", (0.25, 10))])
def test_a_part_is_read(text: str, part: tuple[float, float]) -> None:
    """As --clip has it."""
    assert parse_clip(text) == part


@pytest.mark.parametrize(
    "text", ["", ":", "1", "2:1", "1:1", "-1:2", "0:inf", "0:nan", "a:b", "0:1:2", "0:1e3"]
)
def test_what_is_no_part_is_refused(text: str) -> None:
    """In one line that says how to write it."""
    with pytest.raises(UsageError, match=r"0:2\.5"):
        parse_clip(text)


@pytest.mark.parametrize("text", ["", "0", "8", "511", "-512", "9000", "512.0", "1e3", "\u0665\u0661\u0662"])
def test_what_is_no_side_is_refused(text: str) -> None:
    """An odd side cannot be had in H.264; a huge one is a slip."""
    with pytest.raises(UsageError, match="even number of pixels"):
        parse_resize(text)


def test_a_side_is_read() -> None:
    """As --resize has it."""
    assert parse_resize("512") == 512


@pytest.mark.parametrize(
    ("text", "rate"), [("8", 8), ("23.976", 23.976), ("30000/1001", 30000 / 1001), ("0.5", 0.5)]
)
def test_a_rate_is_read(text: str, rate: float) -> None:
    """As --fps has it."""
    assert parse_fps(text) == rate


@pytest.mark.parametrize("text", ["", "0", "-8", "nan", "inf", "1/0", "0/1", "241", "8fps", "1e2"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    """In one line that says how to write it."""
    with pytest.raises(UsageError, match="frames a second"):
        parse_fps(text)


@pytest.mark.parametrize("text", ["0", "-1", "1000", "4.0", "four", ""])
def test_what_is_no_number_of_frames_is_refused(text: str) -> None:
    """Stills are numbered by three digits."""
    with pytest.raises(UsageError, match="from 1 to 999"):
        parse_frames(text)


def test_a_number_of_frames_is_read() -> None:
    """As --frames has it."""
    assert parse_frames("4") == 4


@given(st.lists(st.integers()), st.integers(1, 4))
def test_work_that_is_begun_ahead_comes_in_order(items: list[int], workers: int) -> None:
    """Whichever thread is done first."""
    begun = begun_ahead(lambda item: item * 2, items, workers)
    assert [(item, made.result()) for item, made in begun] == [(item, item * 2) for item in items]


def test_no_more_is_begun_than_there_are_workers_and_nothing_after_the_end() -> None:
    """What is looked at ahead takes disk, and time that nobody wants any more after an error."""
    taken: list[int] = []
    done: list[int] = []
    may_go_on = threading.Event()

    def items() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            yield number

    def work(number: int) -> int:
        if number:
            may_go_on.wait(10)
        done.append(number)
        return number

    begun = begun_ahead(work, items(), 2)
    assert next(begun)[1].result() == 0
    assert taken == [0, 1, 2]
    may_go_on.set()
    begun.close()
    assert set(done) <= {0, 1, 2}


def test_a_table_with_changed_clips_calls_what_was_measured_original(archive: Path, tmp_path: Path) -> None:
    """`width >= 1280` must not choose clips that are 32 pixels wide by now."""
    dest = tmp_path / "table"
    words = ["parquet", str(dest), "--embed", "--resize", "32", "--archive", str(archive)]
    assert main(["export", *words]) == 0
    (path,) = dest.glob("data/*.parquet")
    table = pq.read_table(path)
    names = set(table.column_names)
    assert {"original_width", "original_sha256", "original_video_sha256", "thumbnail_width"} <= names
    assert not {"width", "sha256", "video_width", "video_sha256"} & names
    row = table.slice(0, 1).to_pylist()[0]
    assert hashlib.sha256(row["video"]["bytes"]).hexdigest() != row["original_video_sha256"]


def test_a_dataset_that_is_made_again_and_comes_out_differently_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Columns that came since are in the new one's rows: its record is not the old one's."""
    root = tmp_path / "archive"
    keep_film(root, "a", {"video.mp4": b"clip"})
    assert main(["export", "csv", str(tmp_path / "one"), "--archive", str(root)]) == 0
    record = str(tmp_path / "one/.dataset/dataset.json")
    again = ["export", "--archive", str(root), "--from", record]
    assert main([*again, str(tmp_path / "two")]) == 0
    assert "not what the record says" not in capsys.readouterr().err
    shutil.rmtree(root / "generations")
    keep_film(root, "a", {"video.mp4": b"clip"}, manifest_row={"take": "1"})
    assert main([*again, str(tmp_path / "three")]) == 0
    assert "2 files differ, the first README.md" in capsys.readouterr().err


def test_a_shard_of_nothing_is_refused(archive: Path, tmp_path: Path) -> None:
    """Its record could not be read back."""
    words = ["export", "webdataset", str(tmp_path / "ds"), "--archive", str(archive)]
    assert main([*words, "--shard-size", "0.5"]) == 2
    assert not (tmp_path / "ds").exists()


@dataclass
class _Watched:
    """Media that are counted, and that end the export at the sample number `end`."""

    media: Media
    end: int | None = None
    asked: int = 0

    def files(self, sample: Sample) -> tuple[MediaFile, ...]:
        """Return what is made."""
        if self.asked == self.end:
            raise RunInterruptedError(signal.SIGTERM)
        self.asked += 1
        return self.media.files(sample)

    def pass_by(self, sample: Sample) -> None:
        """Nobody counts these."""

    def lose(self, sample: Sample, error: LostSampleError) -> None:
        """Pass it on."""
        self.media.lose(sample, error)

    def is_lost(self, sample: Sample) -> bool:
        """Ask."""
        return self.media.is_lost(sample)


_LAYOUTS = {FormatName.VIDEOFOLDER: VideofolderLayout, FormatName.IMAGEFOLDER: ImagefolderLayout}
_OF_FOLDERS = ExportOptions(format=FormatName.VIDEOFOLDER, transform=_SMALL)
_OF_STILLS = ExportOptions(format=FormatName.IMAGEFOLDER, transform=TransformOptions(frames=3))


@pytest.mark.parametrize(
    ("options", "assets"),
    [
        (_OF_FOLDERS, (AssetName.VIDEO, AssetName.THUMBNAIL)),
        (_OF_FOLDERS, (AssetName.VIDEO, AssetName.VIDEO_RAW)),
        (_OF_STILLS, (AssetName.VIDEO,)),
    ],
)
def test_clips_that_are_staged_are_not_made_again(
    archive: Path, tmp_path: Path, options: ExportOptions, assets: tuple[AssetName, ...]
) -> None:
    """A night of encoding that was broken off at nine tenths has a tenth left to do."""
    plan = plan_of(archive, options, assets=assets)

    def export(dest: Path, end: int | None = None) -> int:
        losses = Losses(lambda _event: None)
        with Transformed(Originals(plan), options.transform, tmp_path / "made") as made:
            watched = _Watched(made, end)
            make_destination(dest)
            stage = Stage(dest, "same")
            work = Work(
                plan=plan,
                layout=_LAYOUTS[options.format](),
                media=ResumedMedia(watched, stage, plan),
                losses=losses,
                observer=lambda _event: None,
                fingerprint="same",
                transform={},
            )
            Export(work, stage).run()
        return watched.asked

    assert export(tmp_path / "whole") == _COUNT
    with pytest.raises(RunInterruptedError):
        export(tmp_path / "ds", end=4)
    assert export(tmp_path / "ds") == _COUNT - 4
    assert _files_in(tmp_path / "ds") == _files_in(tmp_path / "whole")


def _files_in(dest: Path) -> dict[str, bytes]:
    return {
        path.relative_to(dest).as_posix(): path.read_bytes()
        for path in dest.rglob("*")
        if path.is_file() and ".partial" not in path.parts
    }
