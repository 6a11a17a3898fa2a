"""A file of a dataset that is being written aside: its digest runs along, its bytes go to the disk early."""

from __future__ import annotations

import os
from types import TracebackType
from typing import Self

from archiver.dataset.digesting import RunningDigest
from archiver.storage.durability import begin_sync, sync_file
from archiver.storage.errors import translated
from archiver.storage.files import write_all
from archiver.storage.folder import Folder

# The disk writes while the next bytes are read and hashed, not when all are there.
_SYNC_BYTES = 8 << 20


class StagedFile:
    """Implements `Output`. Use `with`; every method raises `ArchiveError`, also as `DiskFullError`."""

    def __init__(self, descriptor: int, where: str) -> None:
        self._descriptor = descriptor
        self._where = where
        self._digest = RunningDigest()
        self._size = self._marked = self._syncing = 0

    @classmethod
    def create(cls, folder: Folder, name: str) -> Self:
        """Open a new file; what has its name already is an error."""
        return cls(folder.open_file(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL), folder.where(name))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._digest.__exit__(kind, error, trace)
        with translated("write", self._where):
            os.close(self._descriptor)

    @property
    def size(self) -> int:
        """How many bytes are written."""
        return self._size

    def write(self, data: bytes | memoryview) -> int:
        """Append bytes, all of them; they are the caller's again when this returns or raises."""
        self._digest.feed(data)
        try:
            with translated("write", self._where):
                write_all(self._descriptor, data)
        finally:
            self._digest.settle()
        self._size += len(data)
        if self._size - self._syncing >= _SYNC_BYTES:
            begin_sync(self._descriptor, self._syncing, self._size - self._syncing)
            self._syncing = self._size
        return len(data)

    def mark(self) -> None:
        """Remember this place: the one to which `rewind` goes back."""
        self._digest.mark()
        self._marked = self._size

    def rewind(self) -> None:
        """Take back what was written since the last mark, or since the beginning."""
        with translated("write", self._where):
            os.ftruncate(self._descriptor, self._marked)
            os.lseek(self._descriptor, self._marked, os.SEEK_SET)
        self._digest.rewind()
        self._size = self._marked
        self._syncing = min(self._syncing, self._size)

    def finish(self) -> str:
        """Return the SHA-256 of all bytes, in hexadecimal, when they outlive a power cut."""
        with translated("write", self._where):
            sync_file(self._descriptor)
        return self._digest.hexdigest()
