"""A file of the archive taken into a dataset as it is: copied, or given a second name."""

from __future__ import annotations

import errno
import os

from archiver.dataset.media import LostSampleError, MediaFile
from archiver.dataset.options import Linking
from archiver.storage.errors import translated
from archiver.storage.files import write_all
from archiver.storage.folder import Folder

# A file system without hard links, another one, a file with too many links.
_CANNOT_LINK = {errno.EPERM, errno.EXDEV, errno.EMLINK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}


def take_over(file: MediaFile, folder: Folder, name: str, linking: Linking) -> bool:
    """Give `folder` the file as `name`; tell whether it is a copy though a link was asked for.

    The bytes are held against their digest either way: rot is not handed on.

    Raises `LostSampleError`, `ArchiveError`.
    """
    if linking is Linking.HARD and _link(file, folder, name):
        for _ in file.chunks():
            pass
        return False
    descriptor = folder.open_file(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    with os.fdopen(descriptor, "wb", buffering=0) as copy:
        for chunk in file.chunks():
            with translated("write", folder.where(name)):
                write_all(copy.fileno(), chunk)
    return linking is Linking.HARD


def _link(file: MediaFile, folder: Folder, name: str) -> bool:
    with translated("link", folder.where(name)):
        try:
            os.link(file.path, name, dst_dir_fd=folder.descriptor, follow_symlinks=False)
        except FileNotFoundError as error:
            msg = f"{file.path.name} is missing: run `luma-archiver verify --repair`"
            raise LostSampleError(msg) from error
        except OSError as error:
            if error.errno not in _CANNOT_LINK:
                raise
            return False
    return True
