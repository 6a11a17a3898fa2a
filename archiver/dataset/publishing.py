"""Giving the files of a dataset their names: once begun it is always finished, by whoever comes next.

DEST/.partial/whole.json     the record, from when all is written: what is left to do is in it
DEST/.partial/replaced.json  the record of the dataset that is being replaced
DEST/.dataset/dataset.json   the record in its place, written last: where it stands, the rest is whole
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

from archiver.dataset.journal import JOURNAL
from archiver.dataset.places import is_whole, place_of, remove
from archiver.dataset.record import (
    RECORD,
    RECORD_FOLDER,
    DatasetRecord,
    FileRecord,
    decode_record,
    encode_record,
)
from archiver.domain.errors import ArchiveError
from archiver.domain.naming import PARTIAL
from archiver.storage.errors import MissingFileError, shown, translated
from archiver.storage.files import write_atomic
from archiver.storage.folder import Folder

STAGED = "files"
_WHOLE, _REPLACED = "whole.json", "replaced.json"


def publish(root: Path, record: DatasetRecord) -> None:
    """Give the staged files their names, in the place of the dataset that was here. Raises `ArchiveError`."""
    # One for all: a sync for each of a hundred thousand linked clips would take minutes (sync(2)).
    os.sync()
    with Folder.open_root(root) as folder, folder.child(PARTIAL) as partial:
        write_atomic(partial, _WHOLE, encode_record(record), aside=partial)
    _finish(root, record)


def finish_publishing(root: Path) -> None:
    """Finish what a broken-off export had begun to publish, if it had. Raises `ArchiveError`."""
    record = _read(root / PARTIAL / _WHOLE)
    if record:
        _finish(root, record)


def _finish(root: Path, record: DatasetRecord) -> None:
    """Do what is left: every step may have been done before."""
    for path in _withdraw(root) - {file.path for file in record.files}:
        remove(root, path)
    for file in record.files:
        _move(root, file)
    os.sync()
    with Folder.open_root(root) as folder, folder.child(PARTIAL) as aside:
        with folder.make_child(RECORD_FOLDER, durable=True) as home:
            write_atomic(home, RECORD, encode_record(record), aside=aside)
        # Without it nothing is left that could be gone on with, however little of the rest is removed.
        aside.remove(JOURNAL)
    with translated("remove", PARTIAL):
        shutil.rmtree(root / PARTIAL)


def _withdraw(root: Path) -> set[str]:
    """Put the standing record aside: from now on its dataset is none. Return the files that it lists."""
    with (
        suppress(MissingFileError),
        Folder.open_root(root) as folder,
        folder.child(PARTIAL) as partial,
        folder.child(RECORD_FOLDER) as home,
    ):
        home.rename(RECORD, partial, _REPLACED)
        home.sync()
    replaced = _read(root / PARTIAL / _REPLACED)
    return {file.path for file in replaced.files} if replaced else set()


def _move(root: Path, file: FileRecord) -> None:
    try:
        with (
            place_of(root / PARTIAL / STAGED, file.path) as (folder, name),
            place_of(root, file.path, is_made=True) as (target, _),
        ):
            folder.rename(name, target, name)
    except MissingFileError as error:
        if not is_whole(root, file):
            where = f"{shown(str(root))}: {shown(file.path)}"
            msg = f"{where} was written and is gone or damaged: remove the folder, and export again"
            raise ArchiveError(msg) from error


def _read(path: Path) -> DatasetRecord | None:
    with suppress(OSError, ValueError):
        return decode_record(path.read_bytes())
    return None
