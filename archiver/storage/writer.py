"""Bytes of a body on their way to disk: gathered, hashed and written in one thread hop half a megabyte.

The rules:

1. The file is opened, and its journal written, when there is half a megabyte to write, or the transfer
   breaks.
2. A body that is whole before that goes to disk in one hop, without a journal: there was never a beginning
   of it that a later run could have gone on with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiofiles.threadpool import wrap

from archiver.runtime.threads import open_in_thread, run_in_thread, see_through
from archiver.storage.errors import translated

if TYPE_CHECKING:
    from archiver.storage.partfile import BodySource, OpenPart, PartFile

# A hop to a thread for every chunk of 64 KiB costs more than the write itself. Twice as much as this saves
# nothing more, and with 64 downloads at once takes 50 MB.
_GATHERED_BYTES = 1 << 19
# Pieces are written as they came, in one call; those that are short are joined, so that they stay few.
_SHORT_BYTES, _JOINED_BYTES = 4096, 65_536
# What a power cut may cost of one asset. A sync takes some 10 ms: a few a second on a fast line.
CHECKPOINT_BYTES = 16 << 20


class BodyWriter:
    """Writes one body into the file of an unfinished download."""

    def __init__(self, files: PartFile, source: BodySource) -> None:
        self._files = files
        self._source = source
        self._part: OpenPart | None = None
        self._pieces: list[bytes | memoryview | bytearray] = []
        self._gathered = 0
        self._recorded = 0
        self._written_at_once = 0
        self.sha256: str | None = None
        """The SHA-256 of all of it, in hexadecimal, once it has ended."""

    @property
    def stored(self) -> int:
        """How many bytes of the body are on disk, those before this writer's first included."""
        return self._part.file.length if self._part else self._written_at_once

    @property
    def length(self) -> int:
        """How many bytes of the body are here, on disk or gathered."""
        return self.stored + self._gathered

    @property
    def has_journal(self) -> bool:
        """True where a later run can go on with what is on disk."""
        return self._part is not None

    async def open(self, at: int) -> OpenPart:
        """Open the file to continue after its first `at` bytes. Raises `ArchiveError`."""
        self._part = await open_in_thread(self._files.begin, at, self._source)
        self._recorded = at
        return self._part

    async def write(self, chunk: bytes | memoryview) -> None:
        """Take the next bytes. Raises `DiskFullError` or another `ArchiveError`."""
        last = self._pieces[-1] if self._pieces else None
        if len(chunk) >= _SHORT_BYTES:
            self._pieces.append(chunk)
        elif isinstance(last, bytearray) and len(last) < _JOINED_BYTES:
            last += chunk
        else:
            self._pieces.append(bytearray(chunk))
        self._gathered += len(chunk)
        if self._gathered < _GATHERED_BYTES:
            return
        await self.flush()
        if self.stored - self._recorded >= CHECKPOINT_BYTES:
            await self.checkpoint()

    async def finish(self) -> None:
        """Write what is left of a body that has ended. Raises `DiskFullError` or another `ArchiveError`."""
        if self._part is None and self._source.total in {None, self._gathered}:
            self.sha256 = await run_in_thread(self._files.write_loose, self._pieces)
            self._written_at_once, self._pieces, self._gathered = self._gathered, [], 0
            return
        await self.flush()
        part = self._part or await self.open(0)
        self.sha256 = part.file.digest.hexdigest()

    async def flush(self) -> None:
        """Hand what is gathered to the system: it then outlives this process."""
        if not self._pieces:
            return
        part = self._part or await self.open(0)
        pieces, self._pieces, self._gathered = self._pieces, [], 0
        with translated("write", part.path):
            await see_through(wrap(part.file).writelines(pieces))

    async def checkpoint(self) -> None:
        """Let what is written outlive a power cut, too."""
        if self._part:
            await run_in_thread(self._part.checkpoint)
            self._recorded = self._part.file.length

    async def close(self) -> None:
        """Close the file. Raises `ArchiveError`."""
        if self._part:
            await run_in_thread(self._part.close)
