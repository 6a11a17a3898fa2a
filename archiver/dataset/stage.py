"""The stage: a dataset's files are written aside and noted when whole; all get their names at the end.

DEST/.partial/files/…        what is written
DEST/.partial/journal.jsonl  what of it is whole
DEST/.partial/replaced.json  the record of the dataset that is being replaced
DEST/.dataset/dataset.json   the record, written last: where it stands, the rest is whole
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from archiver.dataset.journal import Held, Journal
from archiver.dataset.places import is_whole, place_of, remove
from archiver.dataset.record import RECORD, RECORD_FOLDER, decode_record
from archiver.domain.errors import ArchiveError
from archiver.domain.naming import PARTIAL
from archiver.storage.errors import MissingFileError, translated
from archiver.storage.files import write_atomic
from archiver.storage.folder import Folder

_FILES, _REPLACED = "files", "replaced.json"


class Stage:
    """The stage of the dataset at `root`. Every method raises `ArchiveError`."""

    def __init__(self, root: Path, fingerprint: str) -> None:
        self.root = root
        self._partial = root / PARTIAL
        self.files = self._partial / _FILES
        with Folder.open_root(root) as folder, folder.make_child(PARTIAL, durable=True) as partial:
            partial.make_child(_FILES, durable=True).close()
        self._journal = Journal(self._partial)
        if self._journal.fingerprint() is None:
            self._journal.begin(fingerprint)
        self._held = {held.path: held for held in self._journal.entries() if held.path}

    def held(self, path: str) -> Held | None:
        """Return what an earlier run wrote as `path`, if it is still whole, here or already in its place."""
        held = self._held.get(path)
        is_there = held is not None and (is_whole(self.files, held) or is_whole(self.root, held))
        return held if is_there else None

    def note(self, held: Held) -> None:
        """Take note of a file that is whole."""
        self._held[held.path] = held
        self._journal.note(held)

    def flush(self) -> None:
        """Write down what was noted."""
        self._journal.flush()

    def publish(self, paths: Iterable[str], record: bytes) -> None:
        """Give the files their names, in the place of the dataset that was here; then write the record.

        Done again after a crash it goes on where it stopped.
        """
        self.flush()
        # One for all: a sync for each of a hundred thousand linked clips would take minutes (sync(2)).
        os.sync()
        wanted = set(paths)
        for path in self._withdraw() - wanted:
            remove(self.root, path)
        for path in sorted(wanted):
            self._move(path)
        for above in sorted({path.rpartition("/")[0] for path in wanted}):
            with place_of(self.root, f"{above}/." if above else ".") as (folder, _):
                folder.sync()
        self._write_record(record)
        with translated("remove", PARTIAL):
            shutil.rmtree(self._partial)

    def _withdraw(self) -> set[str]:
        """Put the standing record aside: from now on its dataset is none. Return the files that it lists."""
        with (
            suppress(MissingFileError),
            Folder.open_root(self.root) as root,
            root.child(PARTIAL) as partial,
            root.child(RECORD_FOLDER) as home,
        ):
            home.rename(RECORD, partial, _REPLACED)
            home.sync()
        with suppress(OSError, ValueError):
            return {file.path for file in decode_record((self._partial / _REPLACED).read_bytes()).files}
        return set()

    def _move(self, path: str) -> None:
        try:
            with (
                place_of(self.files, path) as (folder, name),
                place_of(self.root, path, is_made=True) as (target, _),
            ):
                folder.rename(name, target, name)
        except MissingFileError:
            held = self._held.get(path)
            if held is None or not is_whole(self.root, held):
                raise

    def _write_record(self, record: bytes) -> None:
        with (
            Folder.open_root(self.root) as root,
            root.make_child(RECORD_FOLDER, durable=True) as home,
            root.child(PARTIAL) as aside,
        ):
            write_atomic(home, RECORD, record, aside=aside)


def refuse_inside(archive: Path, root: Path) -> None:
    """Raise `ArchiveError` where a dataset would be written into the archive itself."""
    if root.absolute().resolve().is_relative_to(archive.absolute().resolve()):
        msg = f"{root} lies in the archive: choose a folder outside of it"
        raise ArchiveError(msg)
