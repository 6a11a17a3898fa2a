"""A file of JSON lines in the archive's root: appended to, read from either end.

The rules:

1. A line is there when its end is: one that a crash or a full disk cut short is passed over by readers, and
   cut off by whoever appends next.
2. Whoever appends holds flock(2) on the file meanwhile, where there is one: lines are never mixed.
3. An appended line outlives a power cut.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from io import FileIO
from pathlib import Path
from typing import BinaryIO

from archiver.storage.durability import sync_file
from archiver.storage.errors import MissingFileError, translated
from archiver.storage.files import write_all, write_pieces_atomic
from archiver.storage.folder import Folder

_BLOCK_BYTES = 65_536


class LineFile:
    """The file `name`. Blocking; every method raises `ArchiveError`; one that is not there has no lines."""

    def __init__(self, root: Path, name: str) -> None:
        self._root = root
        self.name = name

    @property
    def size(self) -> int:
        """Its size in bytes."""
        with Folder.open_root(self._root) as root:
            return root.size_of(self.name) or 0

    def lines(self) -> Iterator[bytes]:
        """Give the lines from the first on, without their ends."""
        with suppress(MissingFileError), self._opened() as file, translated("read", self.name):
            for line in file:
                if line.endswith(b"\n"):
                    yield line[:-1]

    def lines_backwards(self) -> Iterator[bytes]:
        """Give the lines from the last on; what is not asked for is not read."""
        with suppress(MissingFileError), self._opened() as file, translated("read", self.name):
            yield from _backwards(file)

    def append(self, lines: Iterable[bytes]) -> None:
        """Add lines; they outlive a power cut when this returns."""
        data = b"".join(line + b"\n" for line in lines)
        with Folder.open_root(self._root) as root:
            is_new = root.size_of(self.name) is None
            descriptor = root.open_file(self.name, os.O_RDWR | os.O_CREAT | os.O_APPEND)
            with translated("write", self.name), FileIO(descriptor, "r+") as file:
                # Without locks the archive's own keeps other runs out.
                with suppress(OSError):
                    fcntl.flock(descriptor, fcntl.LOCK_EX)
                _cut_torn_line(file)
                write_all(descriptor, data)
                sync_file(descriptor)
            if is_new:
                root.sync()

    def replace(self, lines: Iterable[bytes]) -> None:
        """Give the file these lines alone, in one step. Nobody may append meanwhile."""
        with Folder.open_root(self._root) as root:
            write_pieces_atomic(root, self.name, (line + b"\n" for line in lines), aside=root)

    def _opened(self) -> BinaryIO:
        with Folder.open_root(self._root) as root:
            return os.fdopen(root.open_file(self.name, os.O_RDONLY), "rb")


def _backwards(file: BinaryIO) -> Iterator[bytes]:
    position = file.seek(0, os.SEEK_END)
    rest, is_at_end = b"", True
    while position:
        start = max(0, position - _BLOCK_BYTES)
        file.seek(start)
        rest, *lines = (file.read(position - start) + rest).split(b"\n")
        position = start
        if lines and is_at_end:
            # What stands behind the last line end: nothing, or a line that was cut short.
            lines.pop()
            is_at_end = False
        yield from reversed(lines)
    if not is_at_end:
        yield rest


def _cut_torn_line(file: FileIO) -> None:
    size = position = file.seek(0, os.SEEK_END)
    while position:
        start = max(0, position - _BLOCK_BYTES)
        end = os.pread(file.fileno(), position - start, start).rfind(b"\n") + 1
        position = start + end
        if end:
            break
    if position < size:
        file.truncate(position)
