"""What the system refuses, in words that help."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from archiver.domain.errors import ArchiveError, DiskFullError
from archiver.storage.errors import MissingFileError, archive_error, translated

_PATH = "generations/2024/12/x/video.mp4"


def test_a_device_without_room_is_a_full_disk() -> None:
    """`/dev/full` answers every write as a full disk does; the run ends with what it has kept."""
    descriptor = os.open("/dev/full", os.O_WRONLY)
    with pytest.raises(DiskFullError, match="no room left") as caught, translated("write", _PATH):
        os.write(descriptor, b"x")
    os.close(descriptor)
    assert isinstance(caught.value.__cause__, OSError)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_no_room_quota_and_file_limit_are_all_a_full_disk(number: int) -> None:
    """All three pass only when a person makes room."""
    assert isinstance(archive_error(OSError(number, "?"), "write", _PATH), DiskFullError)


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.EROFS, "remount it"),
        (errno.EACCES, "give this user the right"),
        (errno.ENOTDIR, "move it away"),
        (errno.EMFILE, "--concurrency"),
        (errno.ELOOP, "symbolic link"),
        (errno.EXDEV, "another file system"),
        (errno.EIO, "check the disk"),
    ],
)
def test_a_refusal_says_what_where_and_what_to_do(number: int, advice: str) -> None:
    """One line, for whoever finds it in a nightly job's mail."""
    error = archive_error(OSError(number, "?"), "write", _PATH)
    assert not isinstance(error, DiskFullError)
    assert error.message.startswith(f"cannot write {_PATH}: ")
    assert advice in error.message
    assert "\n" not in error.message


def test_an_unforeseen_refusal_keeps_the_systems_words() -> None:
    """No error is left without a reason because nobody thought of it."""
    assert os.strerror(errno.ENODEV) in archive_error(OSError(errno.ENODEV, "?"), "write", _PATH).message


def test_a_missing_file_is_its_own_answer() -> None:
    """Callers ask for what may not be there; only this error do they take for a no."""
    with pytest.raises(MissingFileError), translated("open", _PATH):
        Path("/nonexistent/file").stat()


def test_what_is_not_the_systems_passes_through() -> None:
    """A mistake of the program is not to be dressed up as trouble with the disk."""
    with pytest.raises(ValueError, match="invalid literal"), translated("write", _PATH):
        int("no number")


def test_a_name_from_a_hostile_disk_reaches_no_terminal_raw() -> None:
    """File names may hold escape sequences."""
    error = archive_error(OSError(errno.EIO, "?"), "read", "x/\x1b[31m.mp4")
    assert isinstance(error, ArchiveError)
    assert error.message.isprintable()
