"""Where a dataset goes: what is there already, and what may happen to it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterator
from collections.abc import Set as AbstractSet
from contextlib import suppress
from pathlib import Path, PurePosixPath

from archiver.dataset.journal import Journal
from archiver.dataset.options import Destination
from archiver.dataset.publishing import finish_publishing
from archiver.dataset.record import RECORD_FOLDER, DatasetRecord, load_record
from archiver.domain.errors import UsageError
from archiver.domain.naming import GENERATIONS, PARTIAL
from archiver.storage.errors import shown, translated
from archiver.storage.lock import LOCK

_OURS = {PARTIAL, RECORD_FOLDER, LOCK}


def make_destination(root: Path) -> None:
    """Make DEST where there is none. Raises `UsageError` where it is a file, `ArchiveError`."""
    with translated("make", str(root)):
        if root.exists() and not root.is_dir():
            msg = f"{shown(str(root))} is a file: choose a folder"
            raise UsageError(msg)
        root.mkdir(parents=True, exist_ok=True)


def prepare(destination: Destination, fingerprint: str) -> DatasetRecord | None:
    """Make DEST ready for an export; return the record of the same one where it is there whole already.

    What a broken-off export left is kept if this one goes on with it, and else removed; what it had begun to
    publish is published first: half of it has names already. Raises `UsageError` for what the options do not
    allow, `ArchiveError`.
    """
    root = destination.path
    with translated("read", str(root)):
        found = {path.name for path in root.iterdir()} - {LOCK}
    if not found:
        return None
    if GENERATIONS in found:
        msg = f"{shown(str(root))} holds an archive: choose another folder"
        raise UsageError(msg)
    if not (destination.is_overwriting or destination.is_resuming):
        raise UsageError(_refusal(root, found))
    finish_publishing(root)
    if destination.is_resuming:
        return _resumed(root, fingerprint, is_begun_alone=found == {PARTIAL})
    _clear(root / PARTIAL)
    return None


def is_begun(root: Path) -> bool:
    """Tell whether a broken-off export is in DEST, as far as can be seen."""
    with suppress(OSError):
        return (root / PARTIAL).is_dir()
    return False


def foreign_names(root: Path, record: DatasetRecord | None) -> list[str]:
    """Return what in DEST no export wrote, sorted: names, and paths below the folders that one wrote."""
    written = {file.path for file in record.files} if record else set[str]()
    folders = {parent.as_posix() for path in written for parent in PurePosixPath(path).parents}
    with translated("read", str(root)):
        return sorted(_strange(root, "", written, folders))


def _strange(root: Path, folder: str, written: AbstractSet[str], folders: AbstractSet[str]) -> Iterator[str]:
    for entry in os.scandir(root / folder):
        path = f"{folder}/{entry.name}" if folder else entry.name
        if path in folders and entry.is_dir(follow_symlinks=False):
            yield from _strange(root, path, written, folders)
        elif path not in written and path not in _OURS:
            yield path


def standing_record(root: Path) -> DatasetRecord | None:
    """Return the record of the dataset that is in DEST, or None."""
    with suppress(UsageError):
        return load_record(root)
    return None


def _resumed(root: Path, fingerprint: str, *, is_begun_alone: bool) -> DatasetRecord | None:
    begun = Journal(root / PARTIAL).fingerprint() if (root / PARTIAL).is_dir() else None
    record = standing_record(root)
    if begun is None and record and record.fingerprint == fingerprint:
        # A run that was killed while it cleared up after itself.
        _clear(root / PARTIAL)
        return record
    if begun == fingerprint or (begun is None and not record and is_begun_alone):
        return None
    what = "a broken-off export" if begun else "a dataset" if record else "nothing that an export began"
    msg = f"{shown(str(root))} holds {what}"
    if begun or record:
        msg += " with other options, or of another state of the archive"
    raise UsageError(msg + ": --overwrite begins anew")


def _clear(partial: Path) -> None:
    # It removes no more than what is below: of a symbolic link it takes no step (shutil.rmtree).
    if partial.is_symlink() or partial.exists():
        with translated("remove", PARTIAL):
            shutil.rmtree(partial)


def _refusal(root: Path, found: Collection[str]) -> str:
    where = shown(str(root))
    if PARTIAL in found:
        return f"{where} holds a broken-off export: --resume goes on with it, --overwrite begins anew"
    if RECORD_FOLDER in found:
        return f"{where} holds a dataset: --overwrite replaces it"
    return f"{where} is not empty: choose another folder, or --overwrite what has the same names"
