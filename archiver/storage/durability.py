"""What makes bytes and names outlive a power cut: the one place that asks the disk for it."""

from __future__ import annotations

import errno
import fcntl
import os

# macOS: fsync(2) leaves bytes in the drive's own cache, F_FULLFSYNC does not.
_FULL_SYNC: int | None = getattr(fcntl, "F_FULLFSYNC", None)
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


def sync_folder(descriptor: int) -> None:
    """Return when an open folder's names are on the disk, where its file system can. Raises `OSError`."""
    try:
        sync_file(descriptor)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise
