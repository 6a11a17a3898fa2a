"""The stage: a dataset's files are written aside and noted when whole; all get their names at the end.

DEST/.partial/files/…        what is written
DEST/.partial/journal.jsonl  what of it is whole
"""

from __future__ import annotations

import shutil
from pathlib import Path

from archiver.dataset.journal import Held, Journal
from archiver.dataset.places import is_whole
from archiver.dataset.publishing import STAGED, publish
from archiver.dataset.record import DatasetRecord
from archiver.domain.errors import ArchiveError
from archiver.domain.naming import PARTIAL
from archiver.storage.errors import translated
from archiver.storage.folder import Folder


class Stage:
    """The stage of the dataset at `root`. Every method raises `ArchiveError`."""

    def __init__(self, root: Path, fingerprint: str) -> None:
        self.root = root
        self._partial = root / PARTIAL
        self.files = self._partial / STAGED
        with Folder.open_root(root) as folder, folder.make_child(PARTIAL, durable=True) as partial:
            partial.make_child(STAGED, durable=True).close()
        self._journal = Journal(self._partial)
        if self._journal.fingerprint() is None:
            self._journal.begin(fingerprint)
        self._held = {held.path: held for held in self._journal.entries() if held.path}

    def held(self, path: str) -> Held | None:
        """Return what an earlier run wrote as `path`, if it is still whole."""
        held = self._held.get(path)
        return held if held and is_whole(self.files, held) else None

    def all_held(self) -> tuple[Held, ...]:
        """Return all that an earlier run noted; whether it is still whole `held` tells."""
        return tuple(self._held.values())

    def note(self, held: Held) -> None:
        """Take note of a file that is whole."""
        self._held[held.path] = held
        self._journal.note(held)

    def flush(self) -> None:
        """Write down what was noted."""
        self._journal.flush()

    def abandon(self) -> None:
        """Leave nothing behind where nothing was written that another run could go on with."""
        if not self._held:
            self.discard()

    def discard(self) -> None:
        """Remove all that was written aside."""
        with translated("remove", PARTIAL):
            shutil.rmtree(self._partial)

    def publish(self, record: DatasetRecord) -> None:
        """Give the files that the record lists their names, in the place of the dataset that was here."""
        self.flush()
        publish(self.root, record)


def refuse_inside(archive: Path, root: Path) -> None:
    """Raise `ArchiveError` where a dataset would be written into the archive, or around it.

    A bag has a folder `data`, and whoever calls the archive so would have it overwritten.
    """
    kept, target = archive.absolute().resolve(), root.absolute().resolve()
    if target.is_relative_to(kept):
        msg = f"{root} lies in the archive: choose a folder outside of it"
        raise ArchiveError(msg)
    if kept.is_relative_to(target):
        msg = f"the archive lies in {root}: choose a folder of its own for the dataset"
        raise ArchiveError(msg)
