"""The disk's errors in the archiver's words: one line with what, where, and what to do about it."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import TracebackType

from archiver.domain.errors import ArchiveError, DiskFullError, OutOfPlaceError

_FULL = {
    errno.ENOSPC: "no room left on the disk: make room and run again; what was fetched is kept",
    errno.EDQUOT: "the disk quota is used up: make room and run again; what was fetched is kept",
    errno.EFBIG: "larger than the file system, or a limit (ulimit -f), allows a file to be: raise the limit",
}
_ADVICE = {
    errno.EROFS: "the file system is read-only: remount it, or choose another folder",
    errno.EACCES: "permission denied: give this user the right, or choose another folder",
    errno.EPERM: "not permitted: give this user the right, or choose another folder",
    errno.ENOTDIR: "a file stands where a folder should be: move it away",
    errno.EEXIST: "something else has this name already: move it away",
    errno.EISDIR: "a folder stands where a file should be: move it away",
    errno.ELOOP: "a symbolic link, and nothing is written through one: put what it points to here",
    errno.EXDEV: "on another file system than .partial: keep the whole archive on one",
    errno.EMFILE: "too many open files: lower --concurrency, or raise the limit (ulimit -n)",
    errno.ENFILE: "too many open files on this machine: close some programs",
    errno.ENAMETOOLONG: "the path is too long: choose a shorter one",
    errno.EIO: "the disk reports an error: check the disk and its cable, then run `luma-archiver verify`",
    errno.ESTALE: "the network file system lost the file: remount it, then run again",
}


class MissingFileError(ArchiveError):
    """Nothing has this name; often an answer rather than an error."""


@dataclass(frozen=True, slots=True)
class translated:  # noqa: N801 - read as a word of the `with` statement, like contextlib.suppress
    """Raises what the system refuses inside as ours; `doing` is a verb, `path` relative to the archive.

    That is a `DiskFullError`, a `MissingFileError` or another `ArchiveError`. A class, not a generator: going
    through a large archive enters it a million times.
    """

    doing: str
    path: str

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, OSError):
            raise archive_error(error, self.doing, self.path) from error


@contextmanager
def blaming(standing: Callable[[], os.stat_result | None], is_right: Callable[[int], bool]) -> Iterator[None]:
    """Raise what goes wrong inside as `OutOfPlaceError`, where something of the wrong kind is `standing`.

    `is_right` is for a file's mode, as `stat.S_ISREG`. A planted link is one generation's affair.
    """
    try:
        yield
    except MissingFileError:
        raise
    except ArchiveError as error:
        found = standing()
        if found and not is_right(found.st_mode):
            raise OutOfPlaceError(error.message) from error
        raise


def misplaced(root: str, folder: str) -> os.stat_result | None:
    """Return what stands where a generation's folder, its month's or its year's should be; or None.

    Where that of all generations should be, is the whole archive's affair.
    """
    parts = folder.split("/")
    for count in range(2, len(parts) + 1):
        with suppress(OSError):
            found = os.lstat("/".join([root, *parts[:count]]))
            if not stat.S_ISDIR(found.st_mode):
                return found
    return None


def archive_error(error: OSError, doing: str, path: str) -> ArchiveError:
    """Return the error that stands for the system's `error`."""
    number = error.errno or 0
    what = f"cannot {doing} {shown(path)}"
    if number in _FULL:
        return DiskFullError(f"{what}: {_FULL[number]}")
    if number == errno.ENOENT:
        return MissingFileError(f"{what}: it does not exist")
    return ArchiveError(f"{what}: {_ADVICE.get(number) or os.strerror(number)}")


def shown(path: str) -> str:
    """Return a path as a message may print it."""
    return path if path.isprintable() else ascii(path)
