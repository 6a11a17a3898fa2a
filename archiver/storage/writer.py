"""Bytes of a body on their way to disk: gathered, hashed and written in one thread hop a megabyte."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from aiofiles.threadpool import wrap

from archiver.storage.errors import translated
from archiver.storage.files import BLOCK_BYTES
from archiver.storage.hashing import HashingFile
from archiver.storage.threads import run_in_thread, see_through

if TYPE_CHECKING:
    from aiofiles.threadpool.binary import AsyncFileIO

# A hop to a thread for every chunk of 64 KiB costs more than the write itself.
_GATHERED_BYTES = BLOCK_BYTES
# What a power cut may cost of one asset. A sync takes some 10 ms: a few a second on a fast line.
CHECKPOINT_BYTES = 16 << 20


class BodyWriter:
    """Writes one body into `file`; `checkpoint` syncs it and records how far, in a thread."""

    def __init__(self, file: HashingFile, *, path: str, checkpoint: Callable[[], None]) -> None:
        self._file = file
        self._path = path
        self._checkpoint = checkpoint
        self._buffer = bytearray()
        self._recorded = file.length
        self._hopping: AsyncFileIO = wrap(file)

    @property
    def length(self) -> int:
        """How many bytes of the body are here, those before this writer's first included."""
        return self._file.length + len(self._buffer)

    def sha256(self) -> str:
        """Return the SHA-256, in hexadecimal, of all bytes here."""
        digest = self._file.digest.copy()
        digest.update(self._buffer)
        return digest.hexdigest()

    async def write(self, chunk: bytes) -> None:
        """Take the next bytes. Raises `DiskFullError` or another `ArchiveError`."""
        self._buffer += chunk
        if len(self._buffer) < _GATHERED_BYTES:
            return
        await self.flush()
        if self._file.length - self._recorded >= CHECKPOINT_BYTES:
            await self.checkpoint()

    async def flush(self) -> None:
        """Hand what is gathered to the system: it then outlives this process."""
        if not self._buffer:
            return
        gathered, self._buffer = self._buffer, bytearray()
        with translated("write", self._path):
            await see_through(self._hopping.write(gathered))

    async def checkpoint(self) -> None:
        """Let what is written outlive a power cut, too."""
        await run_in_thread(self._checkpoint)
        self._recorded = self._file.length
