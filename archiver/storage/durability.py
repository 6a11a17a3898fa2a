"""What makes bytes and names outlive a power cut: the one place that asks the disk for it."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Callable
from contextlib import suppress

# macOS: fsync(2) leaves bytes in the drive's own cache, F_FULLFSYNC does not.
_FULL_SYNC: int | None = getattr(fcntl, "F_FULLFSYNC", None)
# macOS has none.
_ADVISE: Callable[[int, int, int, int], None] | None = getattr(os, "posix_fadvise", None)
# Some network and FUSE file systems cannot sync a folder and say so in these ways.
_NO_FOLDER_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}


def sync_file(descriptor: int) -> None:
    """Return when an open file's bytes are on the disk. Raises `OSError`."""
    if _FULL_SYNC is not None:
        try:
            fcntl.fcntl(descriptor, _FULL_SYNC)
        except OSError as error:
            if error.errno not in _NO_FOLDER_SYNC | {errno.ENOTTY}:
                raise
        else:
            return
    os.fsync(descriptor)


def begin_sync(descriptor: int, start: int, length: int) -> None:
    """Let the system begin to write a part of an open file to the disk; `sync_file` waits for its end.

    Linux begins when it hears that nobody will read these bytes soon (mm/fadvise.c: what is dirty is written,
    and not waited for); other systems may do nothing.
    """
    if _ADVISE is not None:
        # Where the advice is not taken the sync at the end takes longer, and that is all.
        with suppress(OSError):
            _ADVISE(descriptor, start, length, os.POSIX_FADV_DONTNEED)


def sync_folder(descriptor: int) -> None:
    """Return when an open folder's names are on the disk, where its file system can. Raises `OSError`."""
    try:
        sync_file(descriptor)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise
