"""One writer an archive: flock(2) on `.lock`, which the system takes back from a process that dies.

The file is removed at the end. So whoever gets the lock looks whether its file is still the one of that name:
a lock on a file that was removed meanwhile keeps nobody out, and the next one is asked for.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from archiver.domain.errors import ArchiveLockedError, RunError
from archiver.storage.errors import MissingFileError, archive_error, translated
from archiver.storage.files import write_all
from archiver.storage.folder import Folder
from archiver.storage.holder import Holder, encode_holder, locked_error, read_holder
from archiver.storage.lockfile import LOCK_FILE, create_lock_file, remove_lock_file

LOCK = ".lock"
# Often enough that nobody notices the wait; seldom enough for a network file system.
_POLL_S = 0.25
# A run that is killed while it starts a process leaves the lock to that one, until it is another program
# (exec(2) closes what is close-on-exec): milliseconds, or more on a busy machine.
_LEFT_BEHIND_S = 5.0
_BUSY = {errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES}
# What network and FUSE file systems without flock(2) say.
_NO_FLOCK = {errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}
_NO_FLOCK_NOTICE = (
    f"this file system has no locks (flock): {LOCK_FILE} in the archive keeps other runs out; "
    "after a crash on another machine, remove it by hand"
)

Flock = Callable[[int, int], object]


class ArchiveLock:
    """The archive, held; `notice` is what a person should know of how, or None. Use `with`, or release it."""

    def __init__(self, release: ExitStack, *, notice: str | None) -> None:
        self._release = release
        self.notice = notice

    @classmethod
    async def acquire(cls, root: Path, holder: Holder, *, wait_s: float = 0.0) -> Self:
        """Hold the archive, waiting up to `wait_s` seconds for another run to end.

        Raises `ArchiveLockedError` (it tells who holds it), `ArchiveError`.
        """
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        while True:
            try:
                return cls.try_acquire(root, holder)
            except ArchiveLockedError:
                longest_s = max(wait_s, _LEFT_BEHIND_S) if _is_left_behind(root) else wait_s
                left_s = began_s + longest_s - loop.time()
                if left_s <= 0:
                    raise
            await asyncio.sleep(min(_POLL_S, left_s))

    @classmethod
    def try_acquire(cls, root: Path, holder: Holder, *, flock: Flock = fcntl.flock) -> Self:
        """Hold the archive at once. Raises `ArchiveLockedError`, `ArchiveError`; `flock` is the system's."""
        with ExitStack() as release:
            folder = release.enter_context(Folder.open_root(root))
            descriptor = _lock(folder, flock)
            if descriptor is None:
                create_lock_file(folder, holder)
                release.callback(remove_lock_file, folder, holder)
            else:
                release.callback(os.close, descriptor)
                # While it is locked: removed after that, the file could be the next holder's already.
                release.callback(folder.remove, LOCK)
                _sign(descriptor, holder)
            return cls(release.pop_all(), notice=_NO_FLOCK_NOTICE if descriptor is None else None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def release(self) -> None:
        """Let the next run in. Twice does no harm."""
        self._release.close()


def _lock(folder: Folder, flock: Flock) -> int | None:
    """Return the locked file's descriptor, None where files cannot be locked. Raises `ArchiveLockedError`."""
    while True:
        descriptor = folder.open_file(LOCK, os.O_RDWR | os.O_CREAT)
        try:
            flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            if error.errno in _NO_FLOCK:
                folder.remove(LOCK)
                return None
            raise _refusal(folder, error) from error
        if _is_still(folder, descriptor):
            return descriptor
        os.close(descriptor)


def _is_still(folder: Folder, descriptor: int) -> bool:
    found = folder.stat(LOCK)
    return found is not None and os.path.samestat(found, os.fstat(descriptor))


def _is_left_behind(root: Path) -> bool:
    """Tell whether whoever signed the lock is dead."""
    with suppress(MissingFileError), Folder.open_root(root) as folder:
        holder = read_holder(folder, LOCK)
        return holder is not None and holder.is_surely_dead
    return False


def _refusal(folder: Folder, error: OSError) -> RunError:
    if error.errno not in _BUSY:
        return archive_error(error, "lock", LOCK)
    holder = None
    with suppress(MissingFileError):
        holder = read_holder(folder, LOCK)
    return locked_error(holder, "wait for it to end, or give --lock-wait")


def _sign(descriptor: int, holder: Holder) -> None:
    with translated("write", LOCK):
        os.ftruncate(descriptor, 0)
        write_all(descriptor, encode_holder(holder))
