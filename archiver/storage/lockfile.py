"""A lock where the file system has no flock(2): the file `.lockfile`, created by one run alone.

It stays behind when its run is killed, so a later run on the same machine takes it over once that process is
gone. No file system call removes a file only if it is still a certain one: a taken-over file is moved aside,
looked at, and put back where it is another's after all.
"""

from __future__ import annotations

import os
import secrets

from archiver.domain.errors import ArchiveError
from archiver.storage.errors import MissingFileError, translated
from archiver.storage.files import write_all
from archiver.storage.folder import Folder
from archiver.storage.holder import Holder, encode_holder, locked_error, read_holder

LOCK_FILE = ".lockfile"
_ADVICE = f"wait for it; if that run is surely dead, remove {LOCK_FILE} from the archive"


def create_lock_file(folder: Folder, holder: Holder) -> None:
    """Create the file for `holder`. Raises `ArchiveLockedError` where a run that may be alive has one."""
    while not _try_create(folder, holder):
        try:
            standing = read_holder(folder, LOCK_FILE)
            if standing is None or not standing.is_surely_dead:
                raise locked_error(standing, _ADVICE)
            _take_away(folder, standing)
        except MissingFileError:
            # Its run has just ended.
            continue


def remove_lock_file(folder: Folder, holder: Holder) -> None:
    """Remove the file where it is still this holder's. Raises `ArchiveError`."""
    try:
        _take_away(folder, holder)
    except MissingFileError:
        return


def _try_create(folder: Folder, holder: Holder) -> bool:
    try:
        descriptor = folder.open_file(LOCK_FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    except ArchiveError as error:
        if isinstance(error.__cause__, FileExistsError):
            return False
        raise
    try:
        with translated("write", LOCK_FILE), os.fdopen(descriptor, "wb", buffering=0) as file:
            write_all(file.fileno(), encode_holder(holder))
    except ArchiveError:
        folder.remove(LOCK_FILE)
        raise
    return True


def _take_away(folder: Folder, expected: Holder) -> None:
    aside = f"{LOCK_FILE}.{secrets.token_hex(4)}"
    folder.rename(LOCK_FILE, folder, aside)
    if read_holder(folder, aside) == expected:
        folder.remove(aside)
    else:
        folder.rename(aside, folder, LOCK_FILE)
