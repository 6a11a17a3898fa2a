"""A file is there whole, or as it was."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from archiver.domain.errors import DiskFullError
from archiver.storage.files import (
    can_link,
    check_writable,
    copy_aside,
    link_or_copy,
    sha256_of,
    write_atomic,
    write_gathered,
)
from archiver.storage.folder import Folder
from tests.storage.conftest import FileLimit
from tests.storage.samples import digest

# ext4 allows 65,000 links to a file; file systems that allow more are not asked for them.
_MANY_LINKS = 65_100


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Folder]:
    """Return an open folder for files."""
    (tmp_path / "home").mkdir()
    with Folder.open_root(tmp_path / "home") as folder:
        yield folder


@pytest.fixture
def aside(tmp_path: Path) -> Iterator[Folder]:
    """Return an open folder for what is unfinished."""
    (tmp_path / "aside").mkdir()
    with Folder.open_root(tmp_path / "aside") as folder:
        yield folder


def test_a_write_replaces_in_one_step_and_leaves_nothing_aside(home: Folder, aside: Folder) -> None:
    """Readers see the old content or the new, and a finished run leaves no litter."""
    write_atomic(home, "sidecar.json", b"old", aside=aside)
    write_atomic(home, "sidecar.json", b"new", aside=aside)
    assert _content(home, "sidecar.json") == b"new"
    assert aside.names() == []


def test_a_full_disk_leaves_the_old_content_and_nothing_aside(
    home: Folder, aside: Folder, file_limit: FileLimit
) -> None:
    """A half-written sidecar in its place would lose what the old one recorded."""
    write_atomic(home, "sidecar.json", b"old", aside=aside)
    with file_limit(1000), pytest.raises(DiskFullError, match=r"sidecar\.json"):
        write_atomic(home, "sidecar.json", b"n" * 5000, aside=aside)
    assert _content(home, "sidecar.json") == b"old"
    assert aside.names() == []


def test_one_set_of_bytes_has_two_names(home: Folder, aside: Folder) -> None:
    """`video` and `video_raw` often are one file: it is kept once."""
    write_atomic(home, "video.mp4", b"clip", aside=aside)
    link_or_copy(home, "video.mp4", "video_raw.mp4", aside=aside)
    link_or_copy(home, "video.mp4", "video_raw.mp4", aside=aside)
    one, other = home.stat("video.mp4"), home.stat("video_raw.mp4")
    assert one
    assert other
    assert one.st_ino == other.st_ino
    assert aside.names() == []


def test_where_no_link_can_be_made_the_bytes_are_copied(home: Folder, aside: Folder, tmp_path: Path) -> None:
    """FAT, some network shares, and a file that has all its links: the second name must come all the same."""
    write_atomic(home, "video.mp4", b"clip", aside=aside)
    links = tmp_path / "links"
    links.mkdir()
    try:
        for number in range(_MANY_LINKS):
            os.link(tmp_path / "home/video.mp4", links / str(number))
    except OSError:
        link_or_copy(home, "video.mp4", "video_raw.mp4", aside=aside)
    else:
        pytest.skip("this file system allows more links than are made here")
    one, other = home.stat("video.mp4"), home.stat("video_raw.mp4")
    assert one
    assert other
    assert one.st_ino != other.st_ino
    assert _content(home, "video_raw.mp4") == b"clip"
    assert aside.names() == []


def test_a_copy_is_the_same_bytes(home: Folder, aside: Folder) -> None:
    """More than one block, and a rest."""
    body = os.urandom(2_500_000)
    write_atomic(home, "video.mp4", body, aside=aside)
    copy_aside(home, "video.mp4", aside, "copy")
    assert sha256_of(aside, "copy") == digest(body)


def test_more_pieces_than_one_call_takes_are_all_written(home: Folder) -> None:
    """writev(2) takes a thousand at a time, and may take less than it is given."""
    pieces = [os.urandom(number % 3000) for number in range(2500)]
    descriptor = home.create_file("video.mp4")
    written = sum(write_gathered(descriptor, [memoryview(piece) for piece in pieces]))
    os.close(descriptor)
    assert _content(home, "video.mp4") == b"".join(pieces)
    assert written == sum(map(len, pieces))


def test_a_trial_takes_back_what_a_killed_one_left(home: Folder) -> None:
    """Killed between the byte and its removal: the next run's trial must not leave two."""
    os.close(home.open_file(".writable", os.O_WRONLY | os.O_CREAT))
    check_writable(home)
    assert home.names() == []


def test_links_are_tried_and_nothing_is_left_of_it(aside: Folder, tmp_path: Path) -> None:
    """Whatever this file system can: the answer is what `os.link` says."""
    (tmp_path / "one").touch()
    try:
        os.link(tmp_path / "one", tmp_path / "two")
        is_able = True
    except OSError:
        is_able = False
    assert can_link(aside) is is_able
    assert aside.names() == []


def _content(folder: Folder, name: str) -> bytes:
    with os.fdopen(folder.open_file(name, os.O_RDONLY), "rb") as file:
        return file.read()
