"""Bags: the archive's generations as an archivist's own tool finds them."""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import bagit
import msgspec
import pytest

from archiver.dataset.formats.bagit import BagitLayout
from archiver.dataset.options import ExportOptions, FormatName, LayoutOptions, TransformOptions
from archiver.dataset.pieces import MadePiece
from archiver.dataset.plan import Plan
from archiver.domain.errors import UsageError
from archiver.domain.identity import AssetName
from archiver.domain.sidecar import decode_sidecar, encode_sidecar
from tests.dataset.folders import make_archive, sidecars
from tests.dataset.writing import Originals, PlainOutput, plan_of, write_layout

OPTIONS = ExportOptions(format=FormatName.BAGIT)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an archive of three clips, archived at three moments. Do not write to it."""
    root = make_archive(
        tmp_path_factory.mktemp("bagit"), dict.fromkeys(("g-1", "g.2", "test-3"), "cat dance")
    )
    for day, path in enumerate(sorted(sidecars(root)), start=1):
        dated = msgspec.structs.replace(
            decode_sidecar(path.read_bytes()), archived_at=f"2025-03-0{day}T23:59:00Z"
        )
        path.write_bytes(encode_sidecar(dated))
    return root


@pytest.fixture
def bag(archive: Path, tmp_path: Path) -> Path:
    """Return a bag of all of them."""
    write_layout(BagitLayout(), plan_of(archive, OPTIONS), tmp_path / "bag")
    return tmp_path / "bag"


def validate(bag: Path) -> int:
    """Validate by the library's program; return its exit code."""
    command = [sys.executable, "-m", "bagit", "--validate", "--quiet", str(bag)]
    return subprocess.run(command, check=False, capture_output=True).returncode  # noqa: S603 - our own command


def test_the_library_and_its_program_find_the_bag_valid(bag: Path) -> None:
    """Who has never heard of this archiver can tell that nothing is missing."""
    assert bagit.Bag(str(bag)).validate() is True
    assert validate(bag) == 0


def test_a_bag_has_every_file_of_a_generation_verbatim(archive: Path, bag: Path) -> None:
    """All assets, though this plan is about clips alone, and the sidecar as it lies there."""
    for home in archive.glob("generations/*/*/*"):
        bagged = bag / "data" / home.relative_to(archive)
        names = {path.name for path in bagged.iterdir()}
        assert names == {"video.mp4", "video_raw.mp4", "thumbnail.jpg", "last_frame.jpg", "sidecar.json"}
        for name in names:
            assert (bagged / name).read_bytes() == (home / name).read_bytes()
    assert not (bag / "fetch.txt").exists()


def test_the_bag_says_what_it_is(bag: Path) -> None:
    """Its date is the newest generation's, not today's: a bag made again tomorrow is the same."""
    info = bagit.Bag(str(bag)).info
    files = [path for path in (bag / "data").rglob("*") if path.is_file()]
    assert info["Bagging-Date"] == "2025-03-03"
    assert info["Payload-Oxum"] == f"{sum(path.stat().st_size for path in files)}.{len(files)}"
    assert info["Bag-Software-Agent"].startswith("luma-archiver ")
    assert info["External-Identifier"].startswith("sha256:")
    assert info["Bag-Size"].endswith("kB")
    assert (bag / "bagit.txt").read_bytes() == b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"


def test_the_same_plan_gives_the_same_bytes(archive: Path, bag: Path, tmp_path: Path) -> None:
    """Two copies of an archive can be compared by their bags' identifiers."""
    write_layout(BagitLayout(), plan_of(archive, OPTIONS), tmp_path / "two")
    for path in bag.rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (tmp_path / "two" / path.relative_to(bag)).read_bytes()


def cut(path: Path) -> None:
    """Take the last byte away."""
    os.truncate(path, path.stat().st_size - 1)


def flip(path: Path) -> None:
    """Change a bit and no size."""
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


CLIP = "data/generations/2024/12/g-1/video.mp4"
DAMAGE: dict[str, Callable[[Path], object]] = {
    "a bit of a clip": lambda bag: flip(bag / CLIP),
    "a clip that was cut": lambda bag: cut(bag / CLIP),
    "a clip that is gone": lambda bag: (bag / CLIP).unlink(),
    "a file too many": lambda bag: (bag / "data" / "notes.txt").write_text("hello"),
    "another sidecar": lambda bag: flip((bag / CLIP).with_name("sidecar.json")),
    "another date": lambda bag: (bag / "bag-info.txt").write_text("Bagging-Date: 2020-01-01\n"),
    "a shorter manifest": lambda bag: cut_line(bag / "manifest-sha256.txt"),
}


def cut_line(path: Path) -> None:
    """Take the last line away."""
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))


@pytest.mark.parametrize("what", DAMAGE)
def test_a_damaged_bag_is_not_valid(bag: Path, what: str) -> None:
    """That is what it is for."""
    DAMAGE[what](bag)
    assert not bagit.Bag(str(bag)).is_valid()


def test_bagits_own_program_fails_for_a_flipped_bit(bag: Path) -> None:
    """By its exit code, as in a nightly job."""
    flip(bag / CLIP)
    assert validate(bag) == 1


@pytest.mark.parametrize("what", sorted(DAMAGE.keys() - {"a bit of a clip", "another sidecar"}))
def test_the_lint_finds_what_takes_no_reading_of_the_payload(archive: Path, bag: Path, what: str) -> None:
    """Its bytes were held against their digests as they were written."""
    plan = plan_of(archive, OPTIONS)
    DAMAGE[what](bag)
    assert BagitLayout().lint(bag, plan, plan.samples)


@pytest.mark.parametrize(
    ("name", "text", "flaw"),
    [
        ("manifest-sha256.txt", "hello\n", "that is none of a manifest"),
        ("tagmanifest-sha256.txt", "", "is not about the bag's own files"),
        ("fetch.txt", "https://media.example/a 1 data/a\n", "nothing of this bag is to be fetched"),
    ],
)
def test_the_lint_reads_the_bags_own_files(archive: Path, bag: Path, name: str, text: str, flaw: str) -> None:
    """A `fetch.txt` would have signed URLs in it."""
    plan = plan_of(archive, OPTIONS)
    (bag / name).write_text(text)
    assert any(flaw in one for one in BagitLayout().lint(bag, plan, plan.samples))


def test_the_lint_knows_which_generations_belong_there(archive: Path, bag: Path) -> None:
    """One too few, one too many."""
    samples = plan_of(archive, OPTIONS).samples["train"]
    few = plan_of(archive, OPTIONS, splits={"train": ["g-1", "g.2"]})
    assert BagitLayout().lint(bag, few, few.samples) == [
        "data/generations/2024/12/test-3 is in the manifest and should not be"
    ]
    shutil.rmtree(bag)
    write_layout(BagitLayout(), few, bag)
    flaws = BagitLayout().lint(bag, few, {"train": samples})
    assert flaws[0] == "data/generations/2024/12/test-3 is without its sidecar"


def write(plan: Plan, media: Originals, dest: Path) -> None:
    """Write all pieces."""
    for piece in BagitLayout().pieces(plan, media):
        path = dest / piece.path
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w+b") as file:
            if isinstance(piece, MadePiece):
                piece.write(PlainOutput(file))
            else:
                file.write(piece.file.read())


@pytest.mark.parametrize(
    "how", ["a sidecar that is gone", "a name with a line end", "two assets in one file"]
)
def test_a_generation_that_cannot_be_bagged_is_left_out_whole(
    archive: Path, tmp_path: Path, how: str
) -> None:
    """The others make a valid bag."""
    changed = tmp_path / "archive"
    shutil.copytree(archive, changed)
    (path,) = changed.glob("generations/*/*/g-1/sidecar.json")
    sidecar = decode_sidecar(path.read_bytes())
    video = sidecar.assets[AssetName.VIDEO]
    name = {"a name with a line end": "video\n.mp4"}.get(how, "thumbnail.jpg")
    assets = {**sidecar.assets, AssetName.VIDEO: msgspec.structs.replace(video, path=name)}
    if how != "a sidecar that is gone":
        path.write_bytes(encode_sidecar(msgspec.structs.replace(sidecar, assets=assets)))
    plan = plan_of(changed, OPTIONS)
    if how == "a sidecar that is gone":
        path.unlink()
    media = Originals(plan)
    write(plan, media, tmp_path / "bag")
    assert list(media.lost) == ["g-1"]
    assert bagit.Bag(str(tmp_path / "bag")).validate()
    kept = [sample for sample in plan.samples["train"] if not media.is_lost(sample)]
    assert BagitLayout().lint(tmp_path / "bag", plan, {"train": kept}) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"layout": LayoutOptions(assets=(AssetName.VIDEO,))},
        {"transform": TransformOptions(fps=8.0)},
    ],
)
def test_a_part_of_a_generation_is_no_bag(archive: Path, changes: dict[str, LayoutOptions]) -> None:
    """Its sidecar would speak of files that are not there, or are others."""
    plan = plan_of(archive, dataclasses.replace(OPTIONS, **changes))  # type: ignore[arg-type]  # by name
    with pytest.raises(UsageError, match="leave --assets out"):
        next(BagitLayout().pieces(plan, Originals(plan)))
