"""A small disk of its own, on which nothing but a test runs out of room: tmpfs in a mount namespace."""

from __future__ import annotations

import os
import shutil
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.machine.program import Running, started

# Root needs no namespace of users, and may not be allowed one.
_USER = () if os.geteuid() == 0 else ("--user", "--map-root-user")
_ENTER_USER = () if os.geteuid() == 0 else ("--user", "--preserve-credentials")
_MOUNT = 'mount -t tmpfs -o size="$1" tmpfs "$0" && echo mounted && exec cat'


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallDisk:
    """The disk: `before` runs a command where it is mounted, `seen` is the same folder as seen from here."""

    before: tuple[str, ...]
    seen: Path

    @property
    def _ballast(self) -> Path:
        return self.seen / "ballast"

    def fill(self, *, leave: int) -> None:
        """Take up all but `leave` bytes of its room."""
        self.empty()
        room = shutil.disk_usage(self.seen).free
        self._ballast.write_bytes(b"\0" * max(0, room - leave))

    def empty(self) -> None:
        """Give the room back."""
        self._ballast.unlink(missing_ok=True)


@asynccontextmanager
async def small_disk(place: Path, *, size: int) -> AsyncIterator[SmallDisk]:
    """Mount a disk of `size` bytes on `place`, which it makes; skip the test where that is not allowed."""
    if not (shutil.which("unshare") and shutil.which("nsenter")):
        pytest.skip("no unshare and nsenter (util-linux) here")
    place.mkdir()  # noqa: ASYNC240 - a moment
    command = ["unshare", *_USER, "--mount", "sh", "-c", _MOUNT, str(place), str(size)]
    async with started(command, stdin=PIPE) as namespace:
        if await namespace.line() != "mounted":
            pytest.skip("no mount namespaces here: neither root nor user namespaces")
        yield _disk_of(namespace, place)


def _disk_of(namespace: Running, place: Path) -> SmallDisk:
    pid = namespace.process.pid
    enter = ("nsenter", "--target", str(pid), *_ENTER_USER, "--mount", "--")
    return SmallDisk(before=enter, seen=Path(f"/proc/{pid}/root{place.resolve()}"))
