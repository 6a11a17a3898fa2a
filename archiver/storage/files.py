"""Whole files or none: written aside, synced, then moved to their names in one step."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from archiver.storage.durability import sync_file
from archiver.storage.errors import translated
from archiver.storage.folder import Folder

BLOCK_BYTES = 1 << 20
# As many as Linux, macOS and the BSDs take (IOV_MAX, writev(2)).
_PIECES_A_CALL = 1024
TEMPORARY_SUFFIX = ".tmp"
_TRIAL = ".writable"
# A file system without hard links (FAT, some network shares), a file with too many, another mount.
_CANNOT_LINK = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV}


def write_atomic(folder: Folder, name: str, data: bytes, *, aside: Folder, durable: bool = True) -> None:
    """Give the file `name` the content `data` in one step; what is not durable may be lost with power.

    `aside` is the folder for the unfinished file, on the same file system. Raises `ArchiveError`.
    """
    temporary = _free_name()
    descriptor = aside.create_file(temporary)
    try:
        with translated("write", folder.where(name)):
            try:
                write_all(descriptor, data)
                if durable:
                    sync_file(descriptor)
            finally:
                os.close(descriptor)
        aside.rename(temporary, folder, name)
    except BaseException:
        aside.remove(temporary)
        raise
    if durable:
        folder.sync()


def write_pieces_atomic(folder: Folder, name: str, pieces: Iterable[bytes], *, aside: Folder) -> None:
    """Do the same with a content that comes in pieces, of which none is held longer than it takes."""
    with _temporary(aside) as temporary:
        descriptor = aside.create_file(temporary)
        with translated("write", folder.where(name)), os.fdopen(descriptor, "wb") as file:
            file.writelines(pieces)
            file.flush()
            sync_file(file.fileno())
        aside.rename(temporary, folder, name)
    folder.sync()


def link_or_copy(folder: Folder, name: str, new_name: str, *, aside: Folder) -> None:
    """Give the bytes of `name` a second name in the same folder, in one step: a hard link, or else a copy.

    Raises `ArchiveError`. The caller syncs the folder.
    """
    # link(2) never replaces: a name that is taken needs the rename.
    if folder.stat(new_name) is None and _try_link(folder, name, folder, new_name):
        return
    with _temporary(aside) as temporary:
        if not _try_link(folder, name, aside, temporary):
            copy_aside(folder, name, aside, temporary)
        aside.rename(temporary, folder, new_name)


def copy_aside(folder: Folder, name: str, aside: Folder, new_name: str) -> None:
    """Copy a file to a new, synced one. Raises `ArchiveError`."""
    source = folder.open_file(name, os.O_RDONLY)
    with os.fdopen(source, "rb", buffering=0) as reader:
        target = aside.create_file(new_name)
        with translated("copy", folder.where(name)), os.fdopen(target, "wb", buffering=0) as writer:
            while block := reader.read(BLOCK_BYTES):
                write_all(writer.fileno(), block)
            sync_file(writer.fileno())


def write_all(descriptor: int, data: bytes | bytearray | memoryview) -> None:
    """Write all of `data`: write(2) may take less than it is given. Raises `OSError`."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def write_gathered(descriptor: int, pieces: Sequence[memoryview]) -> Iterator[int]:
    """Write all of the pieces, giving what each call took: writev(2) may take less. Raises `OSError`."""
    rest = list(pieces)
    while rest:
        written = os.writev(descriptor, rest[:_PIECES_A_CALL])
        yield written
        while rest and written >= len(rest[0]):
            written -= len(rest.pop(0))
        if written:
            rest[0] = rest[0][written:]


def sha256_of(folder: Folder, name: str) -> str:
    """Return a file's SHA-256 in hexadecimal. Raises `ArchiveError`."""
    descriptor = folder.open_file(name, os.O_RDONLY)
    with translated("read", folder.where(name)), os.fdopen(descriptor, "rb", buffering=0) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_writable(folder: Folder) -> None:
    """Write a byte into a folder and take it back: permissions alone do not tell. Raises `ArchiveError`."""
    # One name for all tries: what is left of one that was killed is taken back by the next.
    descriptor = folder.open_file(_TRIAL, os.O_WRONLY | os.O_CREAT)
    try:
        with translated("write", folder.where(_TRIAL)), os.fdopen(descriptor, "wb", buffering=0) as file:
            write_all(file.fileno(), b"\n")
    finally:
        folder.remove(_TRIAL)


def can_link(aside: Folder) -> bool:
    """Tell, by trying, whether a file can have a second name here. Raises `ArchiveError`."""
    with _temporary(aside) as name, _temporary(aside) as second:
        os.close(aside.create_file(name))
        return _try_link(aside, name, aside, second)


def _try_link(folder: Folder, name: str, target: Folder, new_name: str) -> bool:
    """Give a file a second name; tell whether that can be done here at all. Raises `ArchiveError`."""
    source, destination = folder.descriptor, target.descriptor
    with translated("link", folder.where(name)):
        try:
            os.link(name, new_name, src_dir_fd=source, dst_dir_fd=destination, follow_symlinks=False)
        except OSError as error:
            if error.errno not in _CANNOT_LINK:
                raise
            return False
    return True


@contextmanager
def _temporary(aside: Folder) -> Iterator[str]:
    """Give a free name in `aside`; what has it in the end is removed."""
    name = _free_name()
    try:
        yield name
    finally:
        aside.remove(name)


def _free_name() -> str:
    return secrets.token_hex(8) + TEMPORARY_SUFFIX
