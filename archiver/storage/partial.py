"""An unfinished download that a later attempt, or a later run, goes on with.

The rules:

1. The journal is written before the first byte that it speaks of, and replaced in one step.
2. Bytes that arrived are kept, however the transfer ends: broken, cancelled, killed. What a power cut
   leaves is trusted as far as it was synced. Of a body under half a megabyte, which is written at once
   and without a journal, a kill between that and the commit costs the bytes; whatever else ends the run,
   `keep` writes one.
3. A disk that is full at any step leaves a state from which a later run goes on.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from archiver.domain.errors import ArchiveError
from archiver.domain.identity import AssetName, GenerationId, MediaUrl
from archiver.domain.transfer import Held, Validator
from archiver.runtime.boot import boot_id
from archiver.runtime.threads import run_in_thread, see_through
from archiver.storage.errors import translated
from archiver.storage.journal import trusted_length
from archiver.storage.partfile import BodySource, OpenPart, PartFile
from archiver.storage.writer import BodyWriter

# What is hashed between two moments at which a cancellation is heard: some 10 ms of work.
_HASHED_AT_ONCE_BYTES = 16 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """A whole body, still aside; `path` is where it can be looked into."""

    path: Path
    size: int
    sha256: str
    validator: Validator


class PartialDownload:
    """One asset's unfinished download. One task uses it at a time."""

    def __init__(self, root: Path, generation_id: GenerationId, asset: AssetName, *, is_new: bool) -> None:
        self._files = PartFile(root, generation_id, asset)
        self._is_new = is_new
        """Nothing was ever here: there is no need to look."""
        self._unvouched: BodySource | None = None
        """What the file is of, where it has no journal that says so."""
        self._validator = Validator()
        self._sha256: str | None = None
        self.length = 0
        """The bytes held, as far as this object has looked."""

    @staticmethod
    def source(url: MediaUrl, validator: Validator, total: int | None) -> BodySource:
        """Return what `appending` takes."""
        return BodySource(url=url, validator=validator, total=total)

    async def recall(self, url: MediaUrl) -> Held | None:
        """Return what is on disk of the file at `url`; whatever cannot be trusted is discarded.

        Raises `ArchiveError`.
        """
        return None if self._is_new else await run_in_thread(self._recall, url)

    async def tail(self, count: int) -> bytes:
        """Return the last `count` bytes held. Raises `ArchiveError`."""
        count = min(count, self.length)
        return await run_in_thread(self._files.read, self.length - count, count) if count else b""

    async def discard(self) -> None:
        """Forget the bytes and the journal. Raises `ArchiveError`."""
        self.length, self._sha256, self._unvouched = 0, None, None
        await run_in_thread(self._files.remove)

    async def seal(self) -> Staged:
        """Return the whole body, ready to be looked into and committed. Raises `ArchiveError`."""
        if self._sha256 is None:
            self._sha256 = await run_in_thread(self._files.sha256)
        path = self._files.loose_path if self._unvouched else self._files.path
        digest = self._sha256
        return Staged(path=path, size=self.length, sha256=digest, validator=self._validator)

    async def keep(self) -> None:
        """Let a later run find what is staged, too. Raises `ArchiveError`."""
        if self._unvouched:
            await run_in_thread(self._files.vouch, self._unvouched)
            self._unvouched = None

    @asynccontextmanager
    async def appending(self, *, at: int, source: BodySource) -> AsyncIterator[BodyWriter]:
        """Give a writer that continues after the first `at` bytes held; what is held beyond them is cut off.

        What was written is kept when this is left by an exception, too, and then synced.
        Raises `DiskFullError` or another `ArchiveError`.
        """
        writer = BodyWriter(self._files, source)
        self._is_new, self._validator, self._sha256 = False, source.validator, None
        try:
            if at:
                await _hash_held(await writer.open(at), at)
            async with _keeping_bytes(writer):
                yield writer
            self._sha256 = writer.sha256
        finally:
            self.length = writer.stored
            self._unvouched = source if self._sha256 and not writer.has_journal else None
            await writer.close()

    def _recall(self, url: MediaUrl) -> Held | None:
        journal, size = self._files.look()
        length = trusted_length(journal, url, size=size, boot=boot_id()) if journal else 0
        self.length, self._sha256 = length, None
        if journal is None or length == 0:
            self._files.remove()
            return None
        if length < size:
            self._files.cut(length)
        self._validator = journal.validator
        return Held(length=length, validator=journal.validator, total=journal.total)


async def _hash_held(part: OpenPart, length: int) -> None:
    file = part.file
    with translated("read", part.path):
        while await run_in_thread(file.hash_more, min(_HASHED_AT_ONCE_BYTES, length - file.length)):
            if file.length == length:
                return
    msg = f"cannot continue {part.path}: it became shorter than {length} bytes: run again"
    raise ArchiveError(msg)


@asynccontextmanager
async def _keeping_bytes(writer: BodyWriter) -> AsyncIterator[None]:
    """Write what the writer has when it is left; by an exception, sync it too: nobody else will."""
    try:
        yield
        await writer.finish()
    except BaseException:
        # What ended the transfer is what the caller hears of, not that keeping its bytes failed, too.
        with suppress(ArchiveError):
            await see_through(_preserve(writer))
        raise


async def _preserve(writer: BodyWriter) -> None:
    await writer.flush()
    await writer.checkpoint()
