"""Blocks on their way to a file: each is hashed and written by a thread of its own while the next is filled.

Written past the system's page cache where that can be done (open(2), O_DIRECT): 1.05 GB take 0.7 s to the
disk itself and next to no processor, 1.0 to 1.8 s by way of the cache and a sync (Linux 6.18, ext4).
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import mmap
import os
import threading
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from archiver.domain.errors import ArchiveError
from archiver.storage.durability import begin_sync
from archiver.storage.errors import translated

BLOCK_BYTES = 1 << 20
# One is filled, one hashed, one written; the others keep a thread that was late from holding up the rest.
_BLOCKS = 6
# macOS has none.
_DIRECT: int = getattr(os, "O_DIRECT", 0)
# These are of the disk, however it is written to. What a direct write is refused for else, another may do.
_OF_THE_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS}


@dataclass(slots=True)
class Block:
    """`BLOCK_BYTES` of memory that begin with a page, as direct writes ask for.

    The memory is shared, mmap's default: private pages may be copied away under a direct write where a child
    process is started meanwhile (open(2), NOTES), and ffmpeg is one.
    """

    view: memoryview = field(default_factory=lambda: memoryview(mmap.mmap(-1, BLOCK_BYTES)))
    under_way: list[Future[Any]] = field(default_factory=list)

    def settle(self) -> None:
        """Return when it may be filled again. Raises what became of it."""
        under_way, self.under_way = self.under_way, []
        for future in under_way:
            future.result()


class BlockWriter:
    """Writes blocks to an open file, one behind the other, and their SHA-256 runs along.

    Every method but `close` raises `ArchiveError`, also as `DiskFullError`; after the first, that one again.
    """

    def __init__(self, descriptor: int, where: str) -> None:
        self._descriptor = descriptor
        self._where = where
        self.digest = hashlib.sha256()
        # Their threads start with the first block.
        self._hashing = ThreadPoolExecutor(max_workers=1)
        self._writing = ThreadPoolExecutor(max_workers=1)
        self._handed_over: deque[Block] = deque()
        self._is_direct = self._is_closed = False
        self._turn = threading.Lock()
        self._failure: ArchiveError | None = None

    def hand_over(self, block: Block, start: int) -> Block:
        """Begin to hash and to write a full block, at `start`; return the next one to be filled."""
        if self._failure:
            raise self._failure
        if not start:
            self._is_direct = _set_direct(self._descriptor, is_direct=True)
        block.under_way = [
            self._hashing.submit(self.digest.update, block.view),
            self._writing.submit(self._write, block.view, start),
        ]
        self._handed_over.append(block)
        return Block() if len(self._handed_over) < _BLOCKS else self._oldest()

    def settle(self) -> None:
        """Return when all that was handed over is hashed and written."""
        if self._failure:
            raise self._failure
        while self._handed_over:
            self._oldest()

    def copied_digest(self) -> Future[Any]:
        """Return what is to be the digest of all that was handed over until now."""
        return self._hashing.submit(self.digest.copy)

    def write_rest(self, data: memoryview, start: int) -> None:
        """Hash and write what is left, less than a block, behind all others."""
        self.settle()
        self._give_up_direct()
        self.digest.update(data)
        self._write(data, start)

    def close(self) -> None:
        """End the threads, and return when no write is under way, nor ever will be."""
        try:
            self._hashing.shutdown()
            self._writing.shutdown()
        finally:
            # A signal that comes while a thread starts leaves one that its pool does not know, and does not
            # wait for. What it would write to is soon another file.
            with self._turn:
                self._is_closed = True

    def _oldest(self) -> Block:
        """Return the block that was handed over first, when it may be filled again."""
        oldest = self._handed_over.popleft()
        try:
            oldest.settle()
        except ArchiveError as error:
            self._failure = error
            raise
        return oldest

    def _write(self, data: memoryview, start: int) -> None:
        with self._turn, translated("write", self._where):
            if self._is_closed:
                return
            try:
                _write_at(self._descriptor, data, start)
            except OSError as error:
                # EINVAL: it asks more of direct writes than pages (open(2), NOTES); others say it otherwise.
                if error.errno in _OF_THE_DISK or not self._is_direct:
                    raise
                self._give_up_direct()
                _write_at(self._descriptor, data, start)
            if not self._is_direct:
                # The disk writes while the next bytes are read and hashed, not when all are there.
                begin_sync(self._descriptor, start, len(data))

    def _give_up_direct(self) -> None:
        if self._is_direct:
            self._is_direct = False
            _set_direct(self._descriptor, is_direct=False)


def _write_at(descriptor: int, data: memoryview, start: int) -> None:
    """Write all of `data`: pwrite(2) may take less than it is given. Raises `OSError`."""
    written = 0
    while written < len(data):
        written += os.pwrite(descriptor, data[written:], start + written)


def _set_direct(descriptor: int, *, is_direct: bool) -> bool:
    """Say whether a file is written past the page cache from now on; tell whether that is so."""
    flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETFL, flags | _DIRECT if is_direct else flags & ~_DIRECT)
    except OSError:  # a file system without it: tmpfs before Linux 6.6, some in user space
        return False
    return is_direct and bool(_DIRECT)
