"""A file that is hashed in the same pass in which it is written."""

from __future__ import annotations

import hashlib
import os
from io import FileIO
from typing import TYPE_CHECKING

from archiver.storage.durability import sync_file
from archiver.storage.files import BLOCK_BYTES

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class HashingFile(FileIO):
    """A file whose `digest` is fed, in the thread that reads or writes, with its first `length` bytes."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, "r+b")
        self.digest = hashlib.sha256()
        self.length = 0

    def cut(self, length: int) -> None:
        """Keep the first `length` bytes alone, and sync them. Raises `OSError`."""
        os.ftruncate(self.fileno(), length)
        if length:
            # The journal will say that they are synced; the process that wrote them may not have come to it.
            sync_file(self.fileno())

    def hash_more(self, limit: int) -> bool:
        """Read on through what the file holds, by `limit` bytes; tell whether it held as many."""
        while limit > 0 and (block := self.read(min(limit, BLOCK_BYTES))):
            self.digest.update(block)
            self.length += len(block)
            limit -= len(block)
        return limit == 0

    def write(self, data: ReadableBuffer, /) -> int:
        """Hash and write all of `data`: the system may take less of it at a time."""
        rest = memoryview(data)
        count = len(rest)
        self.digest.update(rest)
        while rest:
            written = super().write(rest)
            self.length += written
            rest = rest[written:]
        return count
