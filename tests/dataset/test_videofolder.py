"""VideoFolder: what `datasets` loads is what the archive has, every clip and every caption."""

from __future__ import annotations

import io
import json
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from archiver.dataset.formats.folder import VideofolderLayout
from archiver.dataset.media import LostSampleError
from archiver.dataset.options import ExportOptions, FormatName, LayoutOptions, Metadata, TransformOptions
from archiver.dataset.pieces import MadePiece, MediaPiece
from archiver.dataset.plan import Plan
from archiver.domain.errors import UsageError
from archiver.domain.identity import AssetName
from tests.dataset.folders import HARD_PROMPTS, archived, bytes_of, load, make_archive
from tests.dataset.writing import Originals, PlainOutput, plan_of, write_layout

CLIP_AND_PICTURES = (AssetName.VIDEO, AssetName.THUMBNAIL, AssetName.LAST_FRAME)
HARD = {f"hard-{number}": prompt for number, prompt in enumerate(HARD_PROMPTS)}
PROMPTS: dict[str, str | None] = {**HARD, "none-1": None, "none-2": None, "plain": "cat dance"}
PROMPTS |= dict.fromkeys(("a-test-b", "val", "dev_7"), "a word of a split")
PROMPTS |= dict.fromkeys(("m-1", "m-2", "m-3"), "with a row of a manifest")
ROWS: dict[str, dict[str, Any]] = {
    "m-1": {"tags": "a,b", "score": 3, "day": "2024-12-22", "style|x": "noir", "logo_file_name": "x.mp4"},
    "m-2": {"score": 1.5, "flag": True, "video": "mine", "caption": "mine", "thumbnail_path": "mine"},
    "m-3": {"profile_name": "anna"},
}


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no loader ask the network."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an archive of clips with hard prompts and with none. Do not write to it."""
    return make_archive(tmp_path_factory.mktemp("videofolder"), PROMPTS, ROWS)


def options(metadata: Metadata = "jsonl", **transform: Any) -> ExportOptions:  # noqa: ANN401 - any option
    """Return the options of an export."""
    return ExportOptions(
        format=FormatName.VIDEOFOLDER,
        layout=LayoutOptions(metadata=metadata),
        transform=TransformOptions(**transform),
    )


def splits(*names: str) -> dict[str, list[str]]:
    """Return three splits: hard prompts, a plain one, and such generations as have none at all."""
    return dict(zip(names, (sorted(HARD), ["plain"], ["none-1", "none-2"]), strict=True))


def metadata_of(folder: Path) -> list[str]:
    """Return the paths of the metadata, each split's."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("metadata.*"))


def check_rows(rows: Mapping[str, list[dict[str, Any]]], plan: Plan) -> None:
    """Hold what was loaded against the archive: splits, counts, bytes and texts."""
    clips = archived(plan.root, "video")
    assert {split: len(found) for split, found in rows.items()} == {
        split: len(samples) for split, samples in plan.samples.items()
    }
    for split, samples in plan.samples.items():
        found = {row["id"]: row for row in rows[split]}
        for sample in samples:
            row = found[sample.example.id]
            assert row["caption"] == sample.caption
            assert row["prompt"] == (sample.example.prompt or "")
            assert bytes_of(row["video"]) == clips[sample.example.id]


@pytest.mark.parametrize("metadata", ["jsonl", "parquet"])
def test_a_newcomer_loads_every_clip_and_caption_of_every_split(
    archive: Path, tmp_path: Path, metadata: Metadata
) -> None:
    """`load_dataset(folder)`, also where every prompt of a split is null.

    There are more pictures than clips, the export's record, and a split named `no`, which is false in YAML.
    """
    plan = plan_of(archive, options(metadata), splits=splits("train", "no", "test"), assets=CLIP_AND_PICTURES)
    write_layout(VideofolderLayout(), plan, tmp_path / "ds")
    assert metadata_of(tmp_path / "ds") == [
        f"data/{split}/metadata.{metadata}" for split in ("no", "test", "train")
    ]
    (tmp_path / "ds" / ".dataset").mkdir()
    (tmp_path / "ds" / ".dataset" / "dataset.json").write_text("{}")
    rows = load(tmp_path / "ds", tmp_path / "cache", "video")
    check_rows(rows, plan)
    for found in rows.values():
        for row in found:
            picture = tmp_path / "ds" / row["thumbnail_path"]
            assert picture.read_bytes() == archived(archive, "thumbnail")[row["id"]]
            assert (row["width"], row["height"], row["frames"], row["frame_rate"]) == (64, 48, 8, 24.0)


def test_what_a_manifest_brought_has_types_and_takes_no_name_of_the_loaders(
    archive: Path, tmp_path: Path
) -> None:
    """A column `logo_file_name` would be opened as a video; `video` is one already."""
    plan = plan_of(archive, options(), splits={"train": ["m-1", "m-2", "m-3"]})
    write_layout(VideofolderLayout(), plan, tmp_path / "ds")
    assert metadata_of(tmp_path / "ds") == ["data/train/metadata.jsonl"]
    first, second, third = load(tmp_path / "ds", tmp_path / "cache", "video")["train"]
    assert [row["score"] for row in (first, second, third)] == [3.0, 1.5, None]
    assert [row["tags"] for row in (first, second, third)] == ["a,b", "", ""]
    assert [row["day"] for row in (first, second, third)] == ["2024-12-22", "", ""]
    assert [row["flag"] for row in (first, second, third)] == [None, True, None]
    assert (first["style|x"], third["profile_name"]) == ("noir", "anna")
    assert {second[f"manifest_{name}"] for name in ("video", "caption", "thumbnail_path")} == {"mine"}
    assert not any(name.startswith("logo") for name in first)
    assert json.loads(first["manifest_row"])["logo_file_name"] == "x.mp4"
    assert "| style\\|x |" in (tmp_path / "ds" / "README.md").read_text()


@pytest.mark.parametrize(
    "ids",
    [{"train": ["m-1", "plain"], "val": ["none-1"]}, {"train": ["hard-2"]}],
    ids=["numbers", "times"],
)
def test_metadata_are_parquet_where_json_lines_would_be_misread(
    archive: Path, tmp_path: Path, ids: Mapping[str, list[str]]
) -> None:
    """A number that is null throughout a split has no type there; a caption `2024-12-22` would be a time."""
    plan = plan_of(archive, options(), splits=ids)
    write_layout(VideofolderLayout(), plan, tmp_path / "ds")
    assert metadata_of(tmp_path / "ds") == [f"data/{split}/metadata.parquet" for split in ids]
    check_rows(load(tmp_path / "ds", tmp_path / "cache", "video"), plan)


def test_the_lack_of_pyarrow_is_one_line_that_says_what_to_install(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once where Parquet was asked for; else only where it cannot be helped."""
    for module in ("pyarrow", "pyarrow.parquet"):
        monkeypatch.setitem(sys.modules, module, None)
    write_layout(
        VideofolderLayout(), plan_of(archive, options(), splits={"train": ["plain"]}), tmp_path / "a"
    )
    with pytest.raises(UsageError, match=r"pip install 'luma-archiver\[parquet\]'"):
        write_layout(VideofolderLayout(), plan_of(archive, options("parquet")), tmp_path / "b")
    assert not (tmp_path / "b").exists()
    plan = plan_of(archive, options(), splits={"train": ["hard-2"]})
    with pytest.raises(UsageError, match="would not show every column"):
        write_layout(VideofolderLayout(), plan, tmp_path / "c")


def test_the_raw_clip_is_a_second_video(archive: Path, tmp_path: Path) -> None:
    """The service's watermarked and clean files are both wanted by some."""
    assets = (AssetName.VIDEO, AssetName.VIDEO_RAW)
    plan = plan_of(archive, options(), splits={"train": ["hard-0", "plain"]}, assets=assets)
    write_layout(VideofolderLayout(), plan, tmp_path / "ds")
    raws = archived(archive, "video_raw")
    import datasets  # noqa: PLC0415 - takes two seconds to import

    found = datasets.load_dataset(str(tmp_path / "ds"), cache_dir=str(tmp_path / "cache"), split="train")
    assert isinstance(found.features["video_raw"], datasets.Video)
    paths = datasets.Video(decode=False)
    rows = list(found.cast_column("video", paths).cast_column("video_raw", paths))
    assert len(rows) == 2
    for row in rows:
        assert bytes_of(row["video_raw"]) == raws[row["id"]]


def test_ids_with_words_of_splits_stay_in_their_own_split(archive: Path, tmp_path: Path) -> None:
    """With a card they do no harm; for loaders that read none, the lint tells of them."""
    plan = plan_of(archive, options(), splits={"train": ["a-test-b", "val"], "test": ["dev_7", "plain"]})
    with pytest.raises(AssertionError):
        write_layout(VideofolderLayout(), plan, tmp_path / "ds")
    flaws = VideofolderLayout().lint(tmp_path / "ds", plan, plan.samples)
    assert [flaw.partition(" ")[0] for flaw in flaws] == [
        "data/test/dev_7.mp4",
        "data/train/a-test-b.mp4",
        "data/train/val.mp4",
    ]
    check_rows(load(tmp_path / "ds", tmp_path / "cache", "video"), plan)


def test_the_loaders_name_and_a_folder_give_the_usual_splits_alone(archive: Path, tmp_path: Path) -> None:
    """Asked for by its name the loader reads no card: `val` is called validation, `holdout` is dropped."""
    plan = plan_of(archive, options(), splits=splits("train", "holdout", "val"), assets=CLIP_AND_PICTURES)
    write_layout(VideofolderLayout(), plan, tmp_path / "ds")
    rows = load(tmp_path / "ds", tmp_path / "cache", "video", builder="videofolder")
    assert {split: len(found) for split, found in rows.items()} == {"train": len(HARD), "validation": 2}


@pytest.mark.parametrize("metadata", ["jsonl", "parquet"])
def test_the_same_plan_gives_the_same_bytes(archive: Path, tmp_path: Path, metadata: Metadata) -> None:
    """Whoever has the options and the archive can say what a model was trained on."""
    plan = plan_of(archive, options(metadata), splits=splits("train", "val", "test"))
    first = write_layout(VideofolderLayout(), plan, tmp_path / "one")
    assert write_layout(VideofolderLayout(), plan, tmp_path / "two") == first


def test_a_sample_that_is_lost_is_in_no_row_and_not_counted(archive: Path, tmp_path: Path) -> None:
    """Also where it is the only one of its split, and where the loss shows at its second file."""
    changed = tmp_path / "archive"
    shutil.copytree(archive, changed)
    for name, asset in (("plain", "video.mp4"), ("none-1", "last_frame.jpg")):
        (path,) = changed.glob(f"generations/*/*/{name}/{asset}")
        path.unlink()
    plan = plan_of(changed, options(), splits=splits("train", "val", "test"), assets=CLIP_AND_PICTURES)
    media = Originals(plan)
    written = write_with_losses(plan, media, tmp_path / "ds")
    kept = {split: [one for one in found if not media.is_lost(one)] for split, found in plan.samples.items()}
    assert {split: len(found) for split, found in kept.items()} == {"train": len(HARD), "val": 0, "test": 1}
    for place in written:
        if "plain" in place or "none-1" in place:
            (tmp_path / "ds" / place).unlink()
    assert VideofolderLayout().lint(tmp_path / "ds", plan, kept) == []
    rows = load(tmp_path / "ds", tmp_path / "cache", "video")
    assert {split: len(found) for split, found in rows.items()} == {"train": len(HARD), "test": 1}
    assert f"| all | {len(HARD) + 1} |" in (tmp_path / "ds" / "README.md").read_text()


def write_with_losses(plan: Plan, media: Originals, dest: Path) -> list[str]:
    """Write as an export does: a sample whose file is damaged is lost. Return the paths that were written."""
    written = []
    for piece in VideofolderLayout().pieces(plan, media):
        path = dest / piece.path
        path.parent.mkdir(parents=True, exist_ok=True)
        match piece:
            case MediaPiece(sample=sample, file=file):
                try:
                    path.write_bytes(file.read())
                except (LostSampleError, FileNotFoundError):
                    media.lose(sample, LostSampleError("gone"))
                    path.unlink(missing_ok=True)
                    continue
            case MadePiece(write=write):
                with path.open("w+b") as made:
                    write(PlainOutput(made))
        written.append(piece.path)
    return written


def test_measurements_of_clips_that_are_changed_are_called_original(archive: Path) -> None:
    """A row that says 24 frames a second of a clip with 8 would be a lie."""
    plan = plan_of(archive, options(fps=8.0), splits={"train": ["plain"]})
    rows = [row for row in rows_made(plan) if row["id"] == "plain"]
    assert rows[0]["original_frame_rate"] == 24.0
    assert "frame_rate" not in rows[0]


def rows_made(plan: Plan) -> Iterator[dict[str, Any]]:
    """Give the rows of the metadata."""
    for piece in VideofolderLayout().pieces(plan, Originals(plan)):
        if isinstance(piece, MadePiece) and piece.path.endswith(".jsonl"):
            made = io.BytesIO()
            piece.write(PlainOutput(made))
            yield from map(json.loads, made.getvalue().splitlines())


def test_a_webm_is_refused_before_anything_is_written(archive: Path, tmp_path: Path) -> None:
    """VideoFolder passes it over in silence: the row would be there and its clip would not."""
    changed = tmp_path / "archive"
    shutil.copytree(archive, changed)
    (path,) = changed.glob("generations/*/*/plain/sidecar.json")
    path.write_text(path.read_text().replace('"video.mp4"', '"video.webm"'))
    plan = plan_of(changed, options(), splits={"train": ["hard-0", "plain"]})
    with pytest.raises(UsageError, match=r"plain has a 'webm' file as its video.*--fps"):
        next(VideofolderLayout().pieces(plan, Originals(plan)))


def test_stills_are_not_a_folder_of_clips(archive: Path) -> None:
    """`--frames` has a format of its own."""
    plan = plan_of(archive, options(frames=4))
    with pytest.raises(UsageError, match="imagefolder"):
        next(VideofolderLayout().pieces(plan, Originals(plan)))
