"""An open folder of the archive. Whatever is done below the archive's root goes through one.

The rules:

1. A path is walked name by name, each folder opened in the one before (openat(2)) with O_NOFOLLOW: no
   symbolic link below the root is followed, whoever plants it and whenever. The root itself may be one.
2. A name is one component: never `..`, never with a `/`, wherever it was read.
3. Only regular files are opened: a FIFO would hang, a device would do worse.
4. Whatever the system refuses leaves as an `ArchiveError` that names the path within the archive.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from archiver.domain.errors import ArchiveError
from archiver.domain.naming import is_name
from archiver.storage.durability import sync_file, sync_folder
from archiver.storage.errors import MissingFileError, shown, translated

_OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# O_NONBLOCK: opening a FIFO must not wait for its other end. Regular files do not know it.
_OPEN_FILE = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


class Folder:
    """An open folder; `path` is where it stands in the archive, empty for the root. Use `with`.

    `is_new` is true where it was made for this opening: nothing can be in it.
    """

    def __init__(self, descriptor: int, path: str) -> None:
        self.descriptor = descriptor
        self.path = path
        self.is_new = False

    @classmethod
    def open_root(cls, root: Path) -> Self:
        """Open an archive's root. Raises `ArchiveError`."""
        with translated("open", str(root)):
            return cls(os.open(root, _OPEN_FOLDER), "")

    @classmethod
    def open_below(cls, root: Path, name: str) -> Folder:
        """Open the folder `name` in an archive's root, in one call. Raises as `child` does."""
        with suppress(OSError):
            return cls(os.open(root / name, _OPEN_FOLDER | os.O_NOFOLLOW), name)
        # Step by step, to hear why not.
        with cls.open_root(root) as folder:
            return folder.child(name)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the descriptor back."""
        os.close(self.descriptor)

    def where(self, name: str) -> str:
        """Return the path of `name` within the archive, for messages."""
        return f"{self.path}/{name}" if self.path else name

    def child(self, name: str) -> Folder:
        """Open the folder `name` in this one. Raises `MissingFileError` or another `ArchiveError`."""
        with self._acting("open", name):
            try:
                descriptor = os.open(name, _OPEN_FOLDER | os.O_NOFOLLOW, dir_fd=self.descriptor)
            except NotADirectoryError as error:
                # What Linux says of a link where a folder was asked for (open(2), O_NOFOLLOW).
                if stat.S_ISLNK(os.stat(name, dir_fd=self.descriptor, follow_symlinks=False).st_mode):
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP)) from error
                raise
        return Folder(descriptor, self.where(name))

    def make_child(self, name: str, *, durable: bool) -> Folder:
        """Open the folder `name`, made where there is none; a `durable` one outlives a power cut."""
        with suppress(MissingFileError):
            return self.child(name)
        is_new = False
        with self._acting("make the folder", name), suppress(FileExistsError):
            os.mkdir(name, dir_fd=self.descriptor)
            is_new = True
            if durable:
                sync_folder(self.descriptor)
        folder = self.child(name)
        folder.is_new = is_new
        return folder

    def descend(self, path: str) -> Folder:
        """Open a folder further down by its relative `path`, with `/`."""
        first, *others = path.split("/")
        folder = self.child(first)
        for name in others:
            with folder:
                below = folder.child(name)
            folder = below
        return folder

    def make_descent(self, path: str, *, durable: bool) -> Folder:
        """Open a folder further down, made with all above it where there is none."""
        first, *others = path.split("/")
        folder = self.make_child(first, durable=durable)
        for name in others:
            with folder:
                below = folder.make_child(name, durable=durable)
            folder = below
        return folder

    def create_file(self, name: str) -> int:
        """Make the file `name`, which must not be there, and return its descriptor, to write."""
        with self._acting("write", name):
            return os.open(
                name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _OPEN_FILE, 0o666, dir_fd=self.descriptor
            )

    def sync_file(self, name: str) -> None:
        """Return when a regular file's bytes are on the disk."""
        descriptor = self.open_file(name, os.O_RDONLY)
        try:
            with translated("sync", self.where(name)):
                sync_file(descriptor)
        finally:
            os.close(descriptor)

    def open_file(self, name: str, flags: int) -> int:
        """Open the regular file `name` and return its descriptor. Raises `ArchiveError`."""
        with self._acting("open", name):
            descriptor = os.open(name, flags | _OPEN_FILE, 0o666, dir_fd=self.descriptor)
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            return descriptor
        os.close(descriptor)
        msg = f"cannot open {shown(self.where(name))}: it is not a regular file: move it away"
        raise ArchiveError(msg)

    def stat(self, name: str) -> os.stat_result | None:
        """Return what the system knows of `name`, of a link rather than its target; None where it is not."""
        try:
            with self._acting("look at", name):
                return os.stat(name, dir_fd=self.descriptor, follow_symlinks=False)
        except MissingFileError:
            return None

    def size_of(self, name: str) -> int | None:
        """Return a regular file's size in bytes; None where there is no such file."""
        found = self.stat(name)
        return found.st_size if found and stat.S_ISREG(found.st_mode) else None

    def changed_ns(self) -> int:
        """Return when a name in this folder last changed, in nanoseconds since 1970."""
        with translated("look at", self.path or "the archive"):
            return os.fstat(self.descriptor).st_mtime_ns

    def names(self) -> list[str]:
        """Return the names in this folder, sorted."""
        with translated("read", self.path or "the archive"), os.scandir(self.descriptor) as entries:
            return sorted(entry.name for entry in entries)

    def rename(self, name: str, target: Folder, new_name: str) -> None:
        """Move a file into `target`, in one step, over whatever file has its new name."""
        with self._acting("move", name), target._acting("write", new_name):
            os.rename(name, new_name, src_dir_fd=self.descriptor, dst_dir_fd=target.descriptor)

    def remove(self, name: str) -> None:
        """Remove a file, or a link itself; none is fine, too."""
        try:
            with self._acting("remove", name):
                os.unlink(name, dir_fd=self.descriptor)
        except MissingFileError:
            return

    def remove_empty_child(self, name: str) -> bool:
        """Remove the folder `name` and tell whether it was empty, and so is gone."""
        try:
            with self._acting("remove", name):
                os.rmdir(name, dir_fd=self.descriptor)
        except MissingFileError:
            return True
        except ArchiveError as error:
            cause = error.__cause__
            # POSIX lets a system say either of a folder that is not empty.
            if isinstance(cause, OSError) and cause.errno in {errno.ENOTEMPTY, errno.EEXIST}:
                return False
            raise
        return True

    def sync(self) -> None:
        """Return when the names in this folder outlive a power cut."""
        with translated("write", self.path or "the archive"):
            sync_folder(self.descriptor)

    def _acting(self, doing: str, name: str) -> translated:
        if is_name(name):
            return translated(doing, self.where(name))
        msg = f"cannot {doing} {name!a}: that is not a file's name"
        raise ArchiveError(msg)
