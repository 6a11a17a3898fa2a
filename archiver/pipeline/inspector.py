"""Looks into media files, in processes that a file may crash: what comes back is a value all the same."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Coroutine
from concurrent.futures import CancelledError, Future
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from archiver.domain.checks import Damaged, Inspection, NotMedia
from archiver.domain.errors import ArchiveError, UsageError
from archiver.media.messages import (
    Compared,
    CompareLastFrame,
    Decoded,
    FindDecodeError,
    FoundDamage,
    FoundNoMedia,
    Inspect,
    Measured,
    NoProgram,
    Question,
    Reply,
    Unreadable,
    to_inspection,
)
from archiver.media.pool import Allowance, PoolOptions, Unbearable, WorkerPool
from archiver.media.sniff import HEAD_BYTES, sniff
from archiver.storage.gate import GateShutError

T = TypeVar("T")

# A clip takes a hundredth of a second, a PNG of 200 megapixels eight.
_LOOK_CPU_S, _BYTES_A_CPU_S = 30, 20_000_000
# Disks may be network shares, and the machine may be busy.
_LOOK_S, _BYTES_A_S = 60, 1_000_000
# Decoding every frame may take as long as the film lasts.
_DECODE_S = 600
_NONSENSE = "the process that read it answered another question"


class Inspector:
    """The media floor, made awaitable and safe; use `async with`. Every question may raise `RunError`."""

    def __init__(self, options: PoolOptions | None = None) -> None:
        self._pool = WorkerPool(options or PoolOptions())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End the processes."""
        await self._pool.close()

    async def inspect(self, path: Path, *, size: int | None = None) -> Inspection:
        """Return what is in a file; one that no process could bear to read is damaged.

        `size` in bytes spares a look at it.
        """
        answer = await self._ask(Inspect(_name(path)), path, size, extra_s=0)
        match answer:
            case Measured() | FoundDamage() | FoundNoMedia():
                try:
                    return to_inspection(answer)
                except ValueError:
                    return await asyncio.to_thread(_damaged, path, _NONSENSE)
            case Unbearable(reason):
                return await asyncio.to_thread(_damaged, path, reason)
            case _:
                return await asyncio.to_thread(_damaged, path, _NONSENSE)

    async def find_decode_error(self, path: Path) -> str | None:
        """Decode every frame; return the first complaint, or None."""
        answer = await self._ask(FindDecodeError(_name(path)), path, None, extra_s=_DECODE_S)
        match answer:
            case Decoded(complaint):
                return complaint
            case Unbearable(reason):
                return reason
            case _:
                return _NONSENSE

    async def last_frame_similarity(self, picture: Path, video: Path) -> float | None:
        """Return how alike a picture and a video's last frame are, up to 1; None where one cannot be read."""
        question = CompareLastFrame(_name(picture), _name(video))
        answer = await self._ask(question, video, None, extra_s=_DECODE_S)
        return answer.similarity if isinstance(answer, Compared) else None

    async def _ask(
        self, question: Question, path: Path, size: int | None, *, extra_s: int
    ) -> Reply | Unbearable:
        if size is None:
            size = await asyncio.to_thread(_size, path)
        allowance = Allowance(
            cpu_s=_LOOK_CPU_S + size // _BYTES_A_CPU_S + extra_s,
            wall_s=_LOOK_S + size // _BYTES_A_S + extra_s,
        )
        answer = await self._pool.ask(question, allowance)
        match answer:
            case Unreadable(reason):
                raise _unreadable(path, reason)
            case NoProgram(message):
                raise UsageError(message)
            case _:
                return answer


class InspectorFromThreads:
    """An inspector for threads, which wait for it while its loop goes on, until it is shut.

    Both questions raise `RunError`, and `GateShutError` when it is shut.
    """

    def __init__(self, inspector: Inspector, loop: asyncio.AbstractEventLoop) -> None:
        self._inspector = inspector
        self._loop = loop
        self._asked: set[Future[Any]] = set()
        self._turn = threading.Lock()
        self._is_shut = False

    def inspect(self, path: Path) -> Inspection:
        """Return what is in a file."""
        return self._wait_for(self._inspector.inspect(path))

    def find_decode_error(self, path: Path) -> str | None:
        """Decode every frame; return the first complaint, or None."""
        return self._wait_for(self._inspector.find_decode_error(path))

    def shut(self) -> None:
        """Let nobody wait any longer: a film may take minutes to decode, and its worker is ended."""
        with self._turn:
            self._is_shut = True
            asked = tuple(self._asked)
        for future in asked:
            future.cancel()

    def _wait_for(self, question: Coroutine[Any, Any, T]) -> T:
        with self._turn:
            if self._is_shut:
                question.close()
                raise GateShutError
            future = asyncio.run_coroutine_threadsafe(question, self._loop)
            self._asked.add(future)
        try:
            return future.result()
        except CancelledError as error:
            raise GateShutError from error
        finally:
            with self._turn:
                self._asked.discard(future)


def _name(path: Path) -> bytes:
    # A worker stands in another folder.
    return os.fsencode(path.absolute())


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise _unreadable(path, error.strerror or "") from error


def _damaged(path: Path, reason: str) -> Damaged | NotMedia:
    """Return the verdict on a file that no process could bear to read."""
    try:
        with path.open("rb") as file:
            kind = sniff(file.read(HEAD_BYTES))
    except OSError as error:
        raise _unreadable(path, error.strerror or "") from error
    return Damaged(kind, reason) if kind else NotMedia(reason)


def _unreadable(path: Path, reason: str) -> ArchiveError:
    return ArchiveError(f"cannot read {path.parent.name}/{path.name}: {reason}")
