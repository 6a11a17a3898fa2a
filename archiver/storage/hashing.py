"""A file that is hashed in the same pass in which it is written."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from io import FileIO
from typing import TYPE_CHECKING

from archiver.storage.durability import sync_file
from archiver.storage.files import BLOCK_BYTES, write_gathered

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

    def writelines(self, lines: Iterable[ReadableBuffer], /) -> None:
        """Hash and write pieces of a body, of any size; none of them is copied."""
        pieces = [memoryview(line) for line in lines]
        for piece in pieces:
            self.digest.update(piece)
        for written in write_gathered(self.fileno(), pieces):
            self.length += written


def write_hashed(descriptor: int, pieces: Sequence[ReadableBuffer]) -> str:
    """Write pieces to an open file; return the SHA-256 of them all, in hexadecimal. Raises `OSError`."""
    digest = hashlib.sha256()
    views = [memoryview(piece) for piece in pieces]
    for view in views:
        digest.update(view)
    for _ in write_gathered(descriptor, views):
        pass
    return digest.hexdigest()
