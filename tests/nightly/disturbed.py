"""Nights that do not come to their end: a real process that is killed, or that finds no room on its disk."""

from __future__ import annotations

import asyncio
import shutil
import signal
import sys
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.machine.program import ROOT, Ended, Running, started, until
from tests.machine.small_disk import SmallDisk, small_disk
from tests.nightly.story import Fault as Trouble
from tests.nightly.story import Night
from tests.simulator import Served, Service
from tests.simulator.answering import Fault
from tests.simulator.faults import Always, Silence
from tests.simulator.wire import Response, Wire

# What is sent before the pause. Bytes are gathered before they are written: a third of these surely are.
_SENT_BYTES = 1_200_000
# More than is written before the pause, less than the whole. The unit is 512 bytes (POSIX, `ulimit`).
_LIMIT_BLOCKS = 1_500_000 // 512
_LIMITED = ("/bin/sh", "-c", f'ulimit -f {_LIMIT_BLOCKS}; exec "$0" "$@"')
# What is left has room for all that was sent, and none for the rest.
_DISK_BYTES, _ROOM_LEFT_BYTES = 128_000_000, _SENT_BYTES


@dataclass(frozen=True, slots=True)
class HeldBack(Fault):
    """The beginning of a body; the rest when it is let go."""

    count: int
    let_go: asyncio.Event

    async def send(self, wire: Wire, response: Response) -> None:
        """Send the beginning, wait, send the rest."""
        await wire.send_beginning(response, self.count)
        await self.let_go.wait()
        await wire.send_body(response.body[self.count :])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where a night happens: `archive` as the run sees it, `seen` as it is seen from here."""

    archive: Path
    seen: Path
    before: Sequence[str] = ()
    disk: SmallDisk | None = None

    def fill(self) -> None:
        """Leave hardly any room, where the disk is one that can be filled."""
        if self.disk:
            self.disk.fill(leave=_ROOM_LEFT_BYTES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Disturber:
    """Disturbs the nights of one archive; each method returns how the run ended."""

    service: Service
    archive: Path

    async def kill_at_once(self, night: Night) -> Ended:
        """Kill the run while it waits for the first answer of the service."""
        asked = len(self.service.log.api)
        self.service.api_faults.append(Always(Silence()))
        place = _Place(archive=self.archive, seen=self.archive)
        async with self._started(night, place) as running:
            await until(lambda: len(self.service.log.api) > asked)
            ended = await running.end(signal.SIGKILL)
        self.service.api_faults.clear()
        return ended

    async def strike_half_way(self, night: Night, large: Served, *, others: int) -> Ended:
        """Strike when half of a large clip is there, and so many other generations are done with."""
        let_go = asyncio.Event()
        large.video.faults.append(HeldBack(_SENT_BYTES, let_go))
        async with AsyncExitStack() as stack:
            place = await stack.enter_async_context(self._place(night.fault))
            running = await stack.enter_async_context(self._started(night, place))
            for _ in range(others):
                await running.line()
            await until(lambda: self._is_half_way(place.seen, large))
            place.fill()
            if night.fault is Trouble.KILLED_HALF_WAY:
                running.send(signal.SIGKILL)
                await running.process.wait()
            let_go.set()
            return await running.end()

    def _is_half_way(self, archive: Path, large: Served) -> bool:
        """Tell whether the beginning of the video is on the disk, and the pictures have been sent."""
        is_begun = _size_of(archive, large, "video.part") >= _SENT_BYTES // 3
        pictures = (large.thumbnail, large.last_frame)
        return is_begun and all(
            self.service.log.to(file.path).body_bytes == len(file.body) for file in pictures
        )

    @asynccontextmanager
    async def _place(self, trouble: Trouble) -> AsyncIterator[_Place]:
        """Give the place of the night; without small disks here, one where files are limited instead."""
        usual = _Place(archive=self.archive, seen=self.archive)
        async with AsyncExitStack() as stack:
            place = replace(usual, before=_LIMITED) if trouble is Trouble.FILE_LIMIT else usual
            if trouble is Trouble.DISK_FULL:
                try:
                    place = await stack.enter_async_context(self._moved())
                except pytest.skip.Exception:
                    place = replace(usual, before=_LIMITED)
            yield place

    @asynccontextmanager
    async def _moved(self) -> AsyncIterator[_Place]:
        """Let the archive lie on a small disk for the night."""
        mounted = self.archive.with_name("disk")
        async with small_disk(mounted, size=_DISK_BYTES) as disk:
            await _copy(self.archive, disk.seen)
            yield _Place(archive=mounted, seen=disk.seen, before=disk.before, disk=disk)
            disk.empty()
            shutil.rmtree(self.archive)
            await _copy(disk.seen, self.archive)
        mounted.rmdir()

    @asynccontextmanager
    async def _started(self, night: Night, place: _Place) -> AsyncIterator[Running]:
        told = [str(place.archive), self.service.api_base, night.moment.isoformat()]
        # Entering a mount namespace leaves the current folder (nsenter(1)), where this package is found.
        python = ["env", f"PYTHONPATH={ROOT}", sys.executable]
        command = [*place.before, *python, "-m", "tests.nightly.one_night", *told]
        async with started(command, stdin=DEVNULL) as running:
            yield running


async def _copy(source: Path, target: Path) -> None:
    """Copy an archive with its times, by which the index knows its folders, and its hard links."""
    process = await asyncio.create_subprocess_exec("cp", "-aT", str(source), str(target))
    assert await process.wait() == 0


def held_of(archive: Path, large: Served) -> dict[str, int]:
    """Return how many bytes of each unfinished file the next run can go on from: without a journal none."""
    return {
        name: _size_of(archive, large, f"{name}.part")
        for name in ("video", "thumbnail", "last_frame")
        if _size_of(archive, large, f"{name}.json")
    }


def _size_of(archive: Path, large: Served, name: str) -> int:
    path = archive / ".partial" / large.task.id / name
    return path.stat().st_size if path.exists() else 0
