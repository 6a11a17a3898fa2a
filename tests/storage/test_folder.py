"""Nothing is written through a symbolic link out of the archive; names stay names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from archiver.domain.errors import ArchiveError
from archiver.storage.errors import MissingFileError
from archiver.storage.folder import Folder

_LEVELS = ["generations", "generations/2024", "generations/2024/12", "generations/2024/12/x"]


@pytest.mark.parametrize("level", _LEVELS)
def test_a_link_at_any_level_is_refused_by_name(tmp_path: Path, level: str) -> None:
    """Whoever may plant a link must not be able to have files written, or overwritten, elsewhere."""
    outside, root = tmp_path / "outside", tmp_path / "archive"
    outside.mkdir()
    (root / level).parent.mkdir(parents=True)
    (root / level).symlink_to(outside, target_is_directory=True)
    with (
        Folder.open_root(root) as folder,
        pytest.raises(ArchiveError, match=f"{level}: a symbolic link") as caught,
    ):
        folder.make_descent("generations/2024/12/x/deeper", durable=True)
    assert not isinstance(caught.value, MissingFileError)
    assert list(outside.iterdir()) == []


def test_a_link_that_leads_nowhere_is_refused_too(tmp_path: Path) -> None:
    """Making the folder must not make the link's target."""
    (tmp_path / "generations").symlink_to(tmp_path / "elsewhere")
    with Folder.open_root(tmp_path) as root, pytest.raises(ArchiveError, match="a symbolic link"):
        root.make_child("generations", durable=False)
    assert not (tmp_path / "elsewhere").exists()


def test_a_linked_file_is_not_opened(tmp_path: Path) -> None:
    """A file of the archive that is a link would be written where the link points."""
    (tmp_path / "target").write_bytes(b"precious")
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "video.mp4").symlink_to(tmp_path / "target")
    with (
        Folder.open_root(tmp_path / "root") as root,
        pytest.raises(ArchiveError, match=r"video\.mp4: a symbolic link"),
    ):
        root.open_file("video.mp4", os.O_WRONLY | os.O_TRUNC)
    assert (tmp_path / "target").read_bytes() == b"precious"


def test_the_root_itself_may_be_a_link(tmp_path: Path) -> None:
    """Where the archive is, is the user's choice: a link to a bigger disk is a common one."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "archive").symlink_to(tmp_path / "disk", target_is_directory=True)
    with Folder.open_root(tmp_path / "archive") as root:
        root.make_descent("generations/undated", durable=True).close()
    assert (tmp_path / "disk/generations/undated").is_dir()


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/etc", "a\0b"])
def test_a_name_that_leads_elsewhere_is_no_name(tmp_path: Path, name: str) -> None:
    """Names come from sidecars, which anybody may edit."""
    with Folder.open_root(tmp_path) as root:
        with pytest.raises(ArchiveError, match="not a file's name"):
            root.open_file(name, os.O_RDONLY)
        with pytest.raises(ArchiveError, match="not a file's name"):
            root.remove(name)


def test_a_pipe_in_a_files_place_does_not_hang(tmp_path: Path) -> None:
    """Opening a FIFO waits for its other end, for ever in a nightly job."""
    os.mkfifo(tmp_path / "video.part")
    with Folder.open_root(tmp_path) as root, pytest.raises(ArchiveError, match="not a regular file"):
        root.open_file("video.part", os.O_RDONLY)


def test_a_file_in_a_folders_place_is_told_from_a_link(tmp_path: Path) -> None:
    """The system says the same of both; a person must hear which."""
    (tmp_path / "generations").write_bytes(b"")
    with (
        Folder.open_root(tmp_path) as root,
        pytest.raises(ArchiveError, match="a file stands where a folder"),
    ):
        root.make_child("generations", durable=False)


def test_removing_reports_whether_a_folder_was_empty(tmp_path: Path) -> None:
    """A folder with a stranger's file in it stays."""
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "note.txt").write_bytes(b"mine")
    (tmp_path / "empty").mkdir()
    with Folder.open_root(tmp_path) as root:
        assert not root.remove_empty_child("full")
        assert root.remove_empty_child("empty")
        assert root.remove_empty_child("never there")
    assert (tmp_path / "full" / "note.txt").read_bytes() == b"mine"


def test_every_descriptor_is_given_back(tmp_path: Path) -> None:
    """A run of a million generations opens folders all the time."""
    (tmp_path / "a/b/c").mkdir(parents=True)
    before = _open_descriptors()
    with Folder.open_root(tmp_path) as root:
        for _ in range(50):
            root.descend("a/b/c").close()
            with pytest.raises(MissingFileError):
                root.descend("a/b/none/c")
    assert _open_descriptors() == before


def _open_descriptors() -> int:
    return len(list(Path("/dev/fd").iterdir()))
