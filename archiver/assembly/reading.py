"""An archive opened for reading alone: no lock is taken, a run may be writing it meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from archiver.batch.listing.columns import Listed, listed_entry
from archiver.storage.archive import Archive
from archiver.storage.index import Index


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """What is on record. Every method raises `ArchiveError`."""

    archive: Archive
    index: Index

    def listed(self) -> Iterator[Listed]:
        """Give every generation: by folder those that have a sidecar, after them those that are owed."""
        for entry in self.index.entries():
            yield listed_entry(entry)


@contextmanager
def open_records(root: Path) -> Iterator[Records]:
    """Open the archive at `root`. Raises `ArchiveError`, also where there is none."""
    archive = Archive.open(root, writable=False)
    with Index.open(archive, writable=False) as index:
        yield Records(archive=archive, index=index)
