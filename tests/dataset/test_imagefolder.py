"""ImageFolder: a row a picture, and each is the archive's, byte for byte."""

from __future__ import annotations

import dataclasses
import hashlib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from archiver.dataset.formats.folder import ImagefolderLayout
from archiver.dataset.media import MediaFile, open_regular
from archiver.dataset.options import ExportOptions, FormatName, LayoutOptions, Metadata, TransformOptions
from archiver.dataset.pieces import MadePiece
from archiver.dataset.plan import Plan, Sample
from archiver.domain.errors import UsageError
from archiver.domain.identity import AssetName
from tests.dataset.folders import HARD_PROMPTS, archived, bytes_of, load, make_archive
from tests.dataset.writing import Originals, PlainOutput, plan_of, write_layout

PICTURES = (AssetName.THUMBNAIL, AssetName.LAST_FRAME)
HARD = {f"hard-{number}": prompt for number, prompt in enumerate(HARD_PROMPTS)}
PROMPTS: dict[str, str | None] = {**HARD, "none-1": None, "plain": "cat dance"}
SPLITS = {"train": sorted(HARD), "val": ["none-1"], "test": ["plain"]}


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no loader ask the network."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an archive of clips with hard prompts and with none. Do not write to it."""
    return make_archive(tmp_path_factory.mktemp("imagefolder"), PROMPTS)


def options(metadata: Metadata = "jsonl", frames: int | None = None) -> ExportOptions:
    """Return the options of an export."""
    return ExportOptions(
        format=FormatName.IMAGEFOLDER,
        layout=LayoutOptions(metadata=metadata),
        transform=TransformOptions(frames=frames),
    )


@pytest.mark.parametrize("metadata", ["jsonl", "parquet"])
def test_a_newcomer_loads_every_picture_with_its_caption(
    archive: Path, tmp_path: Path, metadata: Metadata
) -> None:
    """`load_dataset(folder)`, splits by the card, also where a split has no prompt at all."""
    plan = plan_of(archive, options(metadata), splits=SPLITS, assets=PICTURES)
    write_layout(ImagefolderLayout(), plan, tmp_path / "ds")
    rows = load(tmp_path / "ds", tmp_path / "cache", "image")
    assert {split: len(found) for split, found in rows.items()} == {"train": 12, "val": 2, "test": 2}
    pictures = {asset: archived(archive, asset) for asset in PICTURES}
    for split, found in rows.items():
        assert Counter(row["id"] for row in found) == Counter(dict.fromkeys(SPLITS[split], 2))
        for row in found:
            assert bytes_of(row["image"]) == pictures[row["kind"]][row["id"]]
            assert row["caption"] == row["prompt"] == (PROMPTS[row["id"]] or "")
            assert (row["width"], row["height"], row["sha256"]) == (64, 48, digest(bytes_of(row["image"])))
            assert "frame" not in row


def test_the_pictures_decode(archive: Path, tmp_path: Path) -> None:
    """As a training run has them: by Pillow."""
    import datasets  # noqa: PLC0415 - takes two seconds to import

    plan = plan_of(archive, options(), splits={"train": ["plain"]}, assets=PICTURES)
    write_layout(ImagefolderLayout(), plan, tmp_path / "ds")
    found = datasets.load_dataset(str(tmp_path / "ds"), cache_dir=str(tmp_path / "cache"), split="train")
    assert [row["image"].size for row in found] == [(64, 48), (64, 48)]


@dataclasses.dataclass
class Stills(Originals):
    """Media that give frames in the place of the clip, as `--frames` does."""

    folder: Path = Path()
    count: int = 0

    def files(self, sample: Sample) -> tuple[MediaFile, ...]:
        """Return so many, and the pictures that the plan names."""
        frames = tuple(self._frame(sample, number) for number in range(self.count))
        return (*frames, *super().files(sample))

    def _frame(self, sample: Sample, number: int) -> MediaFile:
        path = self.folder / f"{sample.key}-{number}"
        path.write_bytes(f"frame {number} of {sample.key}".encode())
        return MediaFile(
            field=f"frame_{number:03}",
            extension="jpg",
            size=path.stat().st_size,
            sha256=digest(path.read_bytes()),
            path=path,
            opened=lambda: open_regular(path),
        )


def test_sampled_frames_have_a_row_each_with_their_number(archive: Path, tmp_path: Path) -> None:
    """Beside the thumbnail, of which the number is not known."""
    assets = (AssetName.THUMBNAIL,)
    plan = plan_of(archive, options(frames=3), splits={"train": ["none-1"], "val": ["plain"]}, assets=assets)
    media = Stills(plan, folder=tmp_path, count=3)
    write(plan, media, tmp_path / "ds")
    assert ImagefolderLayout().lint(tmp_path / "ds", plan, plan.samples) == []
    rows = load(tmp_path / "ds", tmp_path / "cache", "image")
    for split, name in (("train", "none-1"), ("val", "plain")):
        assert [(row["kind"], row["frame"]) for row in rows[split]] == [
            ("frame", 0),
            ("frame", 1),
            ("frame", 2),
            ("thumbnail", None),
        ]
        assert bytes_of(rows[split][2]["image"]) == f"frame 2 of {name}".encode()
        assert [row["width"] for row in rows[split]] == [None, None, None, 64]


def write(plan: Plan, media: Originals, dest: Path) -> None:
    """Write all pieces."""
    for piece in ImagefolderLayout().pieces(plan, media):
        path = dest / piece.path
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w+b") as file:
            if isinstance(piece, MadePiece):
                piece.write(PlainOutput(file))
            else:
                file.write(piece.file.read())


def test_a_sample_has_the_pictures_that_there_are(archive: Path, tmp_path: Path) -> None:
    """Many generations have a thumbnail and no last frame: a row less, not a sample less."""
    plan = plan_of(archive, options(), splits={"train": ["plain", "none-1"]}, assets=PICTURES)
    media = Partial(plan)
    write(plan, media, tmp_path / "ds")
    assert ImagefolderLayout().lint(tmp_path / "ds", plan, plan.samples) == []
    rows = load(tmp_path / "ds", tmp_path / "cache", "image")["train"]
    assert [(row["id"], row["kind"]) for row in rows] == [
        ("plain", "thumbnail"),
        ("none-1", "thumbnail"),
        ("none-1", "last_frame"),
    ]


class Partial(Originals):
    """Media of which one sample has no last frame."""

    def files(self, sample: Sample) -> tuple[MediaFile, ...]:
        """Return what there is."""
        files = super().files(sample)
        return files[:1] if sample.key == "plain" else files


@pytest.mark.parametrize(
    ("assets", "message"),
    [
        ((AssetName.VIDEO,), "imagefolder has pictures alone"),
        ((AssetName.THUMBNAIL,), r"plain has a 'avif' file as its thumbnail"),
    ],
)
def test_what_imagefolder_does_not_read_is_refused_at_once(
    archive: Path, assets: tuple[AssetName, ...], message: str
) -> None:
    """A clip, or an AVIF: rows would be there, and their pictures would not."""
    plan = plan_of(archive, options(), splits={"train": ["plain"]}, assets=assets)
    (sample,) = plan.samples["train"]
    thumbnail = dataclasses.replace(sample.example.assets[AssetName.THUMBNAIL], name="thumbnail.avif")
    example = dataclasses.replace(sample.example, assets={AssetName.THUMBNAIL: thumbnail})
    changed = dataclasses.replace(plan, samples={"train": (dataclasses.replace(sample, example=example),)})
    with pytest.raises(UsageError, match=message):
        next(ImagefolderLayout().pieces(changed, Originals(changed)))


@pytest.mark.parametrize("metadata", ["jsonl", "parquet"])
def test_the_same_plan_gives_the_same_bytes(archive: Path, tmp_path: Path, metadata: Metadata) -> None:
    """Whoever has the options and the archive can say what a model was trained on."""
    plan = plan_of(archive, options(metadata), splits=SPLITS, assets=PICTURES)
    first = write_layout(ImagefolderLayout(), plan, tmp_path / "one")
    assert write_layout(ImagefolderLayout(), plan, tmp_path / "two") == first


def test_the_lint_tells_of_a_sample_without_a_picture(archive: Path, tmp_path: Path) -> None:
    """The number of rows says nothing of it: samples have one, or two, or more."""
    plan = plan_of(archive, options(), splits={"train": ["plain"]}, assets=PICTURES)
    write_layout(ImagefolderLayout(), plan, tmp_path / "ds")
    more: Any = plan_of(archive, options(), splits={"train": ["plain", "none-1"]}).samples
    flaws = ImagefolderLayout().lint(tmp_path / "ds", plan, more)
    assert flaws == ["data/train/metadata.jsonl has rows of 1 samples in 2 rows, and 2 are written"]


def digest(data: bytes) -> str:
    """Return a SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()
