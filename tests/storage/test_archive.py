"""Opening an archive, and reading what is in it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from archiver.domain.errors import ArchiveError, DiskFullError, LaterSchemaError, SidecarError
from archiver.domain.identity import AssetName, GenerationId
from archiver.domain.sidecar import Sidecar, encode_sidecar
from archiver.storage.archive import Archive
from tests.storage.conftest import FileLimit
from tests.storage.samples import FOLDER, everything_in, missing, record, sidecar, stage


def test_an_archive_is_made_where_there_is_none(tmp_path: Path) -> None:
    """The first run needs no preparation; looking alone makes nothing."""
    root = tmp_path / "backups/luma"
    with pytest.raises(ArchiveError, match="does not exist"):
        Archive.open(root, writable=False)
    assert Archive.open(root).root == root
    assert everything_in(root) == []
    assert Archive.open(root, writable=False).root == root


def test_a_file_is_no_archive(tmp_path: Path) -> None:
    """A typing error, told before anything was fetched."""
    (tmp_path / "archive").write_bytes(b"")
    with pytest.raises(ArchiveError, match="is a file: choose a folder"):
        Archive.open(tmp_path / "archive")


def test_an_archive_that_cannot_be_written_is_told_at_once(tmp_path: Path, file_limit: FileLimit) -> None:
    """Permissions do not tell of a full disk; a byte that is really written does."""
    with file_limit(0), pytest.raises(DiskFullError):
        Archive.open(tmp_path / "archive")
    assert everything_in(tmp_path / "archive") == []


def test_a_link_to_nowhere_is_no_archive(tmp_path: Path) -> None:
    """A disk that is not mounted: nothing must be written where its mount point is."""
    (tmp_path / "archive").symlink_to(tmp_path / "unmounted/archive")
    with pytest.raises(ArchiveError):
        Archive.open(tmp_path / "archive")
    assert not (tmp_path / "unmounted").exists()


def test_sidecars_come_in_the_order_of_their_folders(archive: Archive) -> None:
    """A listing by month, and a merge with the index, need no sorting of everything."""
    folders = [
        _put(archive, "b-first", "generations/2023/02"),
        _put(archive, "a.second", "generations/2024/11"),
        _put(archive, "a-second", "generations/2024/11"),
        _put(archive, "undated-one", "generations/undated"),
    ]
    found = [folder for folder, _ in archive.sidecars()]
    assert found == sorted(folders)


def test_what_is_not_the_archives_is_passed_over(archive: Archive, tmp_path: Path) -> None:
    """People keep things in folders; links are not followed; a crash leaves a folder without a sidecar."""
    folder = _put(archive, "good", "generations/2024/12")
    generations = archive.root / "generations"
    (generations / "notes").mkdir()
    (generations / "2024" / "index.html").write_bytes(b"")
    (generations / "2024" / "12" / "crashed").mkdir()
    (generations / "2024" / "12" / "not..an id").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (generations / "2025").symlink_to(tmp_path / "elsewhere")
    (generations / "undated").symlink_to(tmp_path / "elsewhere")
    assert [folder for folder, _ in archive.sidecars()] == [folder]


@pytest.mark.parametrize(
    ("data", "kind", "why"),
    [
        (b"", SidecarError, "is not a sidecar"),
        (b"\0" * 100, SidecarError, "is not a sidecar"),
        (b'{"id": "good"}', SidecarError, "is not a sidecar"),
        (b"[" * 100_000, SidecarError, "is not a sidecar"),
        (b'{"schema_version": 2, "other": {}}', LaterSchemaError, "newer luma-archiver"),
        (
            encode_sidecar(sidecar({}, generation_id=GenerationId("other"))),
            SidecarError,
            "another generation",
        ),
    ],
)
def test_a_sidecar_that_cannot_be_used_is_an_error_of_its_own(
    archive: Archive, data: bytes, kind: type[SidecarError], why: str
) -> None:
    """One bad record must not keep a scan of a hundred thousand from its end."""
    bad = _put(archive, "bad", "generations/2024/12")
    good = _put(archive, "good", "generations/2024/12")
    (archive.root / bad / "sidecar.json").write_bytes(data)
    (first, error), (second, whole) = archive.sidecars()
    assert (first, second) == (bad, good)
    assert isinstance(error, kind)
    assert why in error.message
    assert bad in error.message
    assert isinstance(whole, Sidecar)
    with pytest.raises(kind):
        archive.read_sidecar(bad)


def test_a_sidecar_of_absurd_length_is_not_read(archive: Archive) -> None:
    """Somebody's disk image under that name must not fill the memory."""
    folder = _put(archive, "bad", "generations/2024/12")
    os.truncate(archive.root / folder / "sidecar.json", 65_000_000)
    with pytest.raises(SidecarError, match="no sidecar is"):
        archive.read_sidecar(folder)


def test_a_folder_that_is_not_there_has_no_sidecar(archive: Archive) -> None:
    """Absence is an answer."""
    assert archive.read_sidecar(FOLDER) is None
    assert archive.survey(FOLDER) is None
    assert archive.footprint(FOLDER) is None


def test_a_folders_path_never_leads_out_of_the_archive(archive: Archive) -> None:
    """Folders are named in an index, which anybody may edit."""
    _put(archive, "good", "generations/2024/12")
    with pytest.raises(ArchiveError, match="not a file's name"):
        archive.read_sidecar("generations/../../etc")


def test_a_survey_finds_missing_and_cut_files(archive: Archive) -> None:
    """A look at sizes is cheap enough for every run; only `verify` reads the bytes."""
    assets = {
        AssetName.VIDEO: record("video.mp4", b"clip"),
        AssetName.VIDEO_RAW: record("video_raw.mp4", b"raw clip"),
        AssetName.THUMBNAIL: record("thumbnail.jpg", b"picture"),
        AssetName.LAST_FRAME: missing(),
    }
    bodies = {"video.mp4": b"clip", "video_raw.mp4": b"raw clip", "thumbnail.jpg": b"picture"}
    staged = {name: stage(archive, AssetName(name.partition(".")[0]), body) for name, body in bodies.items()}
    archive.commit(FOLDER, sidecar(assets), staged)
    (archive.root / FOLDER / "thumbnail.jpg").unlink()
    (archive.root / FOLDER / "video_raw.mp4").write_bytes(b"raw")
    survey = archive.survey(FOLDER)
    assert survey
    assert survey.sidecar.assets == assets
    assert survey.present == {AssetName.VIDEO}


@pytest.mark.parametrize("path", ["../../../../precious", "/etc/hostname", "..", ""])
def test_a_record_that_points_out_of_its_folder_has_no_file(archive: Archive, path: str) -> None:
    """An edited sidecar must not make anything outside look archived."""
    (archive.root / "precious").write_bytes(b"clip")
    archive.commit(FOLDER, sidecar({AssetName.VIDEO: record(path, b"clip")}), {})
    survey = archive.survey(FOLDER)
    assert survey
    assert survey.present == frozenset()


def test_a_commit_leaves_its_footprint(archive: Archive) -> None:
    """What the index compares later is what was there when the commit was done."""
    footprint = archive.commit(FOLDER, sidecar({}), {})
    assert footprint == archive.footprint(FOLDER)
    loaded = archive.load(FOLDER)
    assert loaded
    assert loaded[1] == footprint


def _put(archive: Archive, generation_id: str, month: str) -> str:
    folder = f"{month}/{generation_id}"
    archive.commit(folder, sidecar({}, generation_id=GenerationId(generation_id)), {})
    archive.partials.tidy()
    return folder
