"""An archive opened for reading alone: no lock is taken, a run may be writing it meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from archiver.batch.listing.columns import Listed, listed_entry, listed_owed, with_owed
from archiver.domain.identity import GenerationId
from archiver.storage.archive import Archive
from archiver.storage.index import Index
from archiver.storage.owed import OwedList


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """What is on record. Every method raises `ArchiveError`."""

    archive: Archive
    index: Index
    owed: OwedList

    def find(self, generation_id: GenerationId) -> Listed | None:
        """Return one generation's row; None where it is neither archived nor owed."""
        entry, owed = self.index.get(generation_id), self.owed.get(generation_id)
        if entry is None:
            return listed_owed(owed) if owed else None
        row = listed_entry(entry)
        return with_owed(row, owed) if owed else row

    def listed(self) -> Iterator[Listed]:
        """Give every generation: by folder those that have a sidecar, after them those that are owed."""
        is_owing = next(self.owed.entries(), None) is not None
        for entry in self.index.entries():
            row = listed_entry(entry)
            owed = self.owed.get(entry.id) if is_owing else None
            yield with_owed(row, owed) if owed else row
        for owed in self.owed.entries():
            if self.index.get(owed.id) is None:
                yield listed_owed(owed)

    @property
    def notices(self) -> list[str]:
        """What a person should know of how it was opened."""
        return [notice for notice in (self.index.notice, self.owed.notice) if notice]


@contextmanager
def open_records(root: Path) -> Iterator[Records]:
    """Open the archive at `root`. Raises `ArchiveError`, also where there is none."""
    archive = Archive.open(root, writable=False)
    with Index.open(archive, writable=False) as index, OwedList.open(archive.root, writable=False) as owed:
        yield Records(archive=archive, index=index, owed=owed)
