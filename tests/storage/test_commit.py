"""Whatever step of a commit the power fails after: no sidecar lies, and the commit done again completes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pytest

from archiver.domain.errors import ArchiveError, DiskFullError, LaterSchemaError, OutOfPlaceError
from archiver.domain.identity import AssetName
from archiver.domain.sidecar import AssetRecord, AssetStatus, Sidecar, Verification
from archiver.storage.archive import Archive
from archiver.storage.commit import Commit
from archiver.storage.store import Link
from tests.storage.conftest import FileLimit
from tests.storage.samples import (
    FOLDER,
    GENERATION,
    digest,
    everything_in,
    files_in,
    missing,
    record,
    sidecar,
    stage,
)

VIDEO, RAW, THUMBNAIL = AssetName.VIDEO, AssetName.VIDEO_RAW, AssetName.THUMBNAIL
Files = dict[str, Path | Link]


@dataclass(frozen=True)
class Scene:
    """A commit, on top of what stands already: `prepare` makes that and stages the files."""

    prepare: Callable[[Archive], Files]
    assets: Mapping[AssetName, AssetRecord]
    files: Mapping[str, bytes]


def _fresh(archive: Archive) -> Files:
    return {
        "video.mp4": stage(archive, VIDEO, b"clip"),
        "video_raw.mp4": Link("video.mp4"),
        "thumbnail.jpg": stage(archive, THUMBNAIL, b"picture"),
    }


def _onto(
    assets: Mapping[AssetName, AssetRecord], bodies: Mapping[AssetName, bytes]
) -> Callable[[Archive], Files]:
    """Return a preparation: a commit of `assets` stands, then `bodies` are staged for new files."""

    def prepare(archive: Archive) -> Files:
        standing = {
            record.path: stage(archive, name, {VIDEO: b"old clip", THUMBNAIL: b"old picture"}[name])
            for name, record in assets.items()
            if record.path
        }
        archive.commit(FOLDER, sidecar(assets), standing)
        extension = {VIDEO: "mp4", THUMBNAIL: "jpg"}
        return {f"{name}.{extension[name]}": stage(archive, name, body) for name, body in bodies.items()}

    return prepare


_OLD_VIDEO = record("video.mp4", b"old clip")
SCENES = {
    "a first commit": Scene(
        _fresh,
        {
            VIDEO: record("video.mp4", b"clip"),
            RAW: record("video_raw.mp4", b"clip", same_as=VIDEO),
            THUMBNAIL: record("thumbnail.jpg", b"picture"),
        },
        {"video.mp4": b"clip", "video_raw.mp4": b"clip", "thumbnail.jpg": b"picture"},
    ),
    "other bytes under the same name": Scene(
        _onto({VIDEO: _OLD_VIDEO}, {VIDEO: b"new clip"}),
        {VIDEO: record("video.mp4", b"new clip")},
        {"video.mp4": b"new clip"},
    ),
    "other bytes under another extension": Scene(
        _onto(
            {VIDEO: _OLD_VIDEO, THUMBNAIL: record("thumbnail.webp", b"old picture")}, {THUMBNAIL: b"picture"}
        ),
        {VIDEO: _OLD_VIDEO, THUMBNAIL: record("thumbnail.jpg", b"picture")},
        {"video.mp4": b"old clip", "thumbnail.jpg": b"picture"},
    ),
    "an asset that was missing": Scene(
        _onto({VIDEO: _OLD_VIDEO, THUMBNAIL: missing()}, {THUMBNAIL: b"picture"}),
        {VIDEO: _OLD_VIDEO, THUMBNAIL: record("thumbnail.jpg", b"picture")},
        {"video.mp4": b"old clip", "thumbnail.jpg": b"picture"},
    ),
    "nothing but a new sidecar": Scene(
        _onto({VIDEO: _OLD_VIDEO}, {}), {VIDEO: _OLD_VIDEO, THUMBNAIL: missing()}, {"video.mp4": b"old clip"}
    ),
}


@pytest.mark.parametrize("scene", SCENES.values(), ids=SCENES.keys())
def test_a_commit_cut_short_anywhere_never_lies_and_completes_when_done_again(
    scene: Scene, tmp_path: Path
) -> None:
    """The invariant on which everything rests: what a sidecar says of a file is so, at every moment."""
    steps = 0
    while True:
        archive = Archive.open(tmp_path / str(steps))
        staged = scene.prepare(archive)
        commit = Commit.of(archive.root, FOLDER, sidecar(scene.assets), staged)
        done = _stop_after(commit, archive, steps)
        _check_truth(archive)
        archive.commit(FOLDER, sidecar(scene.assets), staged)
        assert archive.read_sidecar(FOLDER) is not None
        _check_truth(archive)
        assert files_in(archive.root / FOLDER) == scene.files
        archive.partials.tidy()
        assert not (archive.root / ".partial").exists()
        if done < steps:
            break
        steps += 1
    assert steps > 3


def test_one_set_of_bytes_is_kept_once(archive: Archive) -> None:
    """`video` and `video_raw` are the bulk of an archive."""
    archive.commit(FOLDER, sidecar(SCENES["a first commit"].assets), _fresh(archive))
    one, other = (archive.root / FOLDER / name for name in ("video.mp4", "video_raw.mp4"))
    assert one.samefile(other)


def test_replacing_a_file_withdraws_what_was_said_of_it_first(archive: Archive) -> None:
    """Between the rename and the new sidecar the old one would describe bytes that are gone."""
    staged = SCENES["other bytes under the same name"].prepare(archive)
    commit = Commit.of(archive.root, FOLDER, sidecar({VIDEO: record("video.mp4", b"new clip")}), staged)
    for step in commit.steps(archive.root):
        if step == "video.mp4 moved":
            break
    standing = archive.read_sidecar(FOLDER)
    assert standing
    assert standing.assets[VIDEO].status is AssetStatus.MISSING
    assert standing.verification is Verification.INCOMPLETE


def test_a_repair_with_the_recorded_bytes_withdraws_nothing(archive: Archive) -> None:
    """The sidecar was right all along; it is the file that was damaged."""
    _onto({VIDEO: _OLD_VIDEO}, {})(archive)
    (archive.root / FOLDER / "video.mp4").write_bytes(b"bit rot!")
    staged: Files = {"video.mp4": stage(archive, VIDEO, b"old clip")}
    steps = list(Commit.of(archive.root, FOLDER, sidecar({VIDEO: _OLD_VIDEO}), staged).steps(archive.root))
    assert "standing sidecar withdrawn" not in steps
    assert files_in(archive.root / FOLDER) == {"video.mp4": b"old clip"}


def test_an_incomplete_generation_keeps_its_unfinished_downloads(archive: Archive) -> None:
    """The thumbnail is here; the clip's first gigabyte is not to be thrown away for that."""
    staged: Files = {"thumbnail.jpg": stage(archive, THUMBNAIL, b"picture")}
    unfinished = stage(archive, VIDEO, b"half a clip")
    archive.commit(
        FOLDER, sidecar({VIDEO: missing(), THUMBNAIL: record("thumbnail.jpg", b"picture")}), staged
    )
    assert unfinished.read_bytes() == b"half a clip"
    assert archive.partials.ids() == [GENERATION]


def test_a_whole_generation_leaves_nothing_unfinished(archive: Archive) -> None:
    """Two URLs gave the same bytes: one of the two staged files is not needed any more."""
    stage(archive, RAW, b"clip")
    archive.commit(FOLDER, sidecar(SCENES["a first commit"].assets), _fresh(archive))
    assert archive.partials.ids() == []


def test_files_that_nobody_staged_are_left_alone(archive: Archive) -> None:
    """A user's notes, and an asset that this commit says nothing of."""
    home = archive.root / FOLDER
    home.mkdir(parents=True)
    for name in ("notes.txt", "last_frame.jpg", "video.backup.mp4", "video.txt"):
        (home / name).write_bytes(b"mine")
    archive.commit(
        FOLDER, sidecar({VIDEO: record("video.mp4", b"clip")}), {"video.mp4": stage(archive, VIDEO, b"clip")}
    )
    assert files_in(home).keys() == {
        "notes.txt",
        "last_frame.jpg",
        "video.backup.mp4",
        "video.txt",
        "video.mp4",
    }


def test_a_full_disk_leaves_the_standing_sidecar_true(archive: Archive, file_limit: FileLimit) -> None:
    """The run ends there; the archive must not be worse for it."""
    staged = SCENES["other bytes under the same name"].prepare(archive)
    with file_limit(100), pytest.raises(DiskFullError):
        archive.commit(FOLDER, sidecar({VIDEO: record("video.mp4", b"new clip")}), staged)
    _check_truth(archive)
    archive.commit(FOLDER, sidecar({VIDEO: record("video.mp4", b"new clip")}), staged)
    assert files_in(archive.root / FOLDER) == {"video.mp4": b"new clip"}


def test_a_staged_file_that_vanished_is_not_taken_for_committed(archive: Archive) -> None:
    """Only the very bytes in its place say that an earlier try has moved it."""
    _onto({VIDEO: _OLD_VIDEO}, {})(archive)
    gone: Files = {"video.mp4": archive.root / ".partial" / GENERATION / "video.part"}
    with pytest.raises(ArchiveError, match="does not exist"):
        archive.commit(FOLDER, sidecar({VIDEO: record("video.mp4", b"new clip")}), gone)
    _check_truth(archive)


def test_a_file_that_its_sidecar_does_not_record_is_a_mistake(archive: Archive) -> None:
    """It would lie in the archive unverified, for ever."""
    with pytest.raises(ValueError, match=r"does not record extra\.mp4"):
        archive.commit(FOLDER, sidecar({VIDEO: missing()}), {"extra.mp4": stage(archive, VIDEO, b"clip")})


def test_a_newer_programs_sidecar_is_never_replaced(archive: Archive) -> None:
    """It may record what this program would drop."""
    _onto({VIDEO: _OLD_VIDEO}, {})(archive)
    path = archive.root / FOLDER / "sidecar.json"
    later = path.read_bytes().replace(b'"schema_version": 1', b'"schema_version": 2')
    path.write_bytes(later)
    with pytest.raises(LaterSchemaError, match="update this one"):
        archive.commit(FOLDER, sidecar({VIDEO: missing()}), {})
    assert path.read_bytes() == later


@pytest.mark.parametrize(
    "level", ["generations", "generations/2024", "generations/2024/12", FOLDER, ".partial"]
)
def test_nothing_is_committed_through_a_link(archive: Archive, tmp_path: Path, level: str) -> None:
    """A link out of the archive is refused by name, wherever it was planted."""
    staged = stage(archive, VIDEO, b"clip")
    outside = tmp_path / "outside"
    if level == ".partial":
        (archive.root / ".partial").rename(outside)
    else:
        outside.mkdir()
        (archive.root / level).parent.mkdir(parents=True, exist_ok=True)
    (archive.root / level).symlink_to(outside)
    before = everything_in(outside)
    # A month's folder concerns that month alone.
    expected = OutOfPlaceError if level.startswith("generations/") else ArchiveError
    with pytest.raises(expected, match=f"{level}: a symbolic link"):
        archive.commit(FOLDER, sidecar({VIDEO: record("video.mp4", b"clip")}), {"video.mp4": staged})
    assert everything_in(outside) == before


def _stop_after(commit: Commit, archive: Archive, steps: int) -> int:
    """Do so many steps, then stop as a power cut does; return how many there were."""
    return len(list(islice(commit.steps(archive.root), steps)))


def _check_truth(archive: Archive) -> None:
    standing: Sidecar | None = archive.read_sidecar(FOLDER)
    if standing is None:
        return
    for found in standing.assets.values():
        if found.status is not AssetStatus.MISSING:
            assert found.path
            assert digest((archive.root / FOLDER / found.path).read_bytes()) == found.sha256
