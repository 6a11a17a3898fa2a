"""Files below a dataset's folder by their relative paths; no symbolic link is followed on the way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from archiver.dataset.record import FileRecord
from archiver.domain.errors import ArchiveError
from archiver.storage.errors import MissingFileError
from archiver.storage.files import sha256_of
from archiver.storage.folder import Folder


@contextmanager
def place_of(root: Path, path: str, *, is_made: bool = False) -> Iterator[tuple[Folder, str]]:
    """Open the folder of `path` below `root`, made where that is asked for, and give it with the name in it.

    Raises `ArchiveError`.
    """
    above, _, name = path.rpartition("/")
    with Folder.open_root(root) as folder:
        if not above:
            yield folder, name
            return
        with folder.make_descent(above, durable=False) if is_made else folder.descend(above) as home:
            yield home, name


def is_whole(root: Path, file: FileRecord) -> bool:
    """Tell whether a file below `root` is what was noted: by its bytes, for power may have failed since."""
    try:
        with place_of(root, file.path) as (folder, name):
            return folder.size_of(name) == file.bytes and sha256_of(folder, name) == file.sha256
    except ArchiveError:
        return False


def remove(root: Path, path: str) -> None:
    """Remove a file, and the folders that it leaves empty. Raises `ArchiveError`."""
    try:
        with place_of(root, path) as (folder, name):
            folder.remove(name)
        above = path
        while "/" in above:
            above = above.rpartition("/")[0]
            with place_of(root, above) as (folder, name):
                if not folder.remove_empty_child(name):
                    return
    except MissingFileError:
        return
