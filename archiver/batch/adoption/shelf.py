"""Local files served to the pipeline as if they came from the network: treated as downloads are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from archiver.domain.errors import Disposition, TransferError
from archiver.domain.exchange import Answer, Request
from archiver.domain.transfer import Head

_BLOCK_BYTES = 1 << 20
_OK = 200


class NotImportedError(TransferError):
    """No file was there for this asset; the service may have it."""

    kind = "not_imported"
    disposition = Disposition.SKIP


class Shelf:
    """A transport over files, by URL."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        self._files = files

    @asynccontextmanager
    async def open(self, request: Request) -> AsyncIterator[Answer]:
        """Answer with the whole file. Raises `TransferError` where there is none."""
        path = self._files.get(request.url.full)
        if path is None:
            msg = "no file of it was there to import: `luma-archiver sync` fetches it"
            raise NotImportedError(msg)
        try:
            size = (await asyncio.to_thread(path.stat)).st_size
        except OSError as error:
            raise _lost(path, error) from error
        head = Head(status=_OK, headers={"content-length": str(size)})
        yield Answer(url=request.url, head=head, body=_read(path))


async def _read(path: Path) -> AsyncIterator[bytes]:
    try:
        file = await asyncio.to_thread(path.open, "rb")
        with file:
            while block := await asyncio.to_thread(file.read, _BLOCK_BYTES):
                yield block
    except OSError as error:
        raise _lost(path, error) from error


def _lost(path: Path, error: OSError) -> NotImportedError:
    return NotImportedError(f"{path.name!a} cannot be read: {error.strerror}")
