"""Looks into media files in worker threads, few at a time: decoding is bound by the processor."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

from archiver.domain.checks import Inspection
from archiver.media.frames import last_frame_similarity
from archiver.media.inspection import find_decode_error, inspect_media

P = ParamSpec("P")
T = TypeVar("T")


class Inspector:
    """The media floor, made awaitable."""

    def __init__(self, slots: int | None = None) -> None:
        self._slots = asyncio.Semaphore(slots or os.cpu_count() or 1)

    async def inspect(self, path: Path) -> Inspection:
        """Return what is in a file."""
        return await self._in_thread(inspect_media, path)

    async def find_decode_error(self, path: Path) -> str | None:
        """Decode every frame; return the first complaint, or None."""
        return await self._in_thread(find_decode_error, path)

    async def last_frame_similarity(self, picture: Path, video: Path) -> float | None:
        """Return how alike a picture and a video's last frame are, up to 1; None where one cannot be read."""
        return await self._in_thread(last_frame_similarity, picture, video)

    async def _in_thread(self, look: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        async with self._slots:
            return await asyncio.to_thread(look, *args, **kwargs)
