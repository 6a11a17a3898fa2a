"""A file of a dataset that is being written aside: its digest runs along, its bytes go to the disk early."""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import Future
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from archiver.dataset.blocks import BLOCK_BYTES, Block, BlockWriter
from archiver.storage.durability import sync_file
from archiver.storage.errors import translated
from archiver.storage.folder import Folder


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mark:
    """A place to go back to: the start of its block, what was in that, and the digest of all before.

    Without a digest it is the start of the file.
    """

    start: int = 0
    head: bytes = b""
    digest: Future[Any] | None = None


class StagedFile:
    """Implements `Output`. Use `with`; every method raises `ArchiveError`, also as `DiskFullError`.

    What was written is in memory, up to some blocks of it, until `finish`.
    """

    def __init__(self, descriptor: int, where: str) -> None:
        self._descriptor = descriptor
        self._where = where
        self._writer = BlockWriter(descriptor, where)
        self._block: Block | None = None
        self._start = self._filled = 0
        self._mark = _Mark()

    @classmethod
    def create(cls, folder: Folder, name: str) -> Self:
        """Open a new file; what has its name already is an error."""
        return cls(folder.open_file(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL), folder.where(name))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._writer.close()
        finally:
            with translated("write", self._where):
                os.close(self._descriptor)

    @property
    def size(self) -> int:
        """How many bytes are written."""
        return self._start + self._filled

    def write(self, data: bytes | memoryview) -> int:
        """Append bytes, all of them; they are the caller's again when this returns or raises."""
        rest = memoryview(data).cast("B")
        while rest:
            room = self.room()[: len(rest)]
            room[:] = rest[: len(room)]
            self.take(len(room))
            rest = rest[len(room) :]
        return len(data)

    def room(self) -> memoryview:
        """Return the rest of the block that is being filled."""
        return self._filling().view[self._filled :]

    def take(self, count: int) -> None:
        """Append the first bytes of what `room` gave last."""
        self._filled += count
        if self._filled == BLOCK_BYTES:
            with translated("write", self._where):
                self._block = self._writer.hand_over(self._filling(), self._start)
            self._start, self._filled = self._start + BLOCK_BYTES, 0

    def mark(self) -> None:
        """Remember this place: the one to which `rewind` goes back."""
        head = bytes(self._filling().view[: self._filled])
        digest = self._writer.copied_digest() if self._start else None
        self._mark = _Mark(start=self._start, head=head, digest=digest)

    def rewind(self) -> None:
        """Take back what was written since the last mark, or since the beginning."""
        self._writer.settle()
        mark = self._mark
        self._writer.digest = mark.digest.result().copy() if mark.digest else hashlib.sha256()
        self._start, self._filled = mark.start, len(mark.head)
        self._filling().view[: self._filled] = mark.head
        with translated("write", self._where):
            os.ftruncate(self._descriptor, self._start)

    def finish(self) -> str:
        """Return the SHA-256 of all bytes, in hexadecimal, when they outlive a power cut."""
        self._writer.write_rest(self._filling().view[: self._filled], self._start)
        with translated("write", self._where):
            sync_file(self._descriptor)
        return str(self._writer.digest.hexdigest())

    def _filling(self) -> Block:
        """Return the block that is being filled; there is none before the first byte."""
        if self._block is None:
            with translated("write", self._where):
                self._block = Block()
        return self._block
