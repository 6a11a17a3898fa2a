"""The index held against the folders: what changed is read again, what is gone is forgotten."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter

import msgspec

from archiver.domain.errors import ArchiveError, DiskFullError, SidecarError
from archiver.storage.archive import Archive
from archiver.storage.catalog import Catalog
from archiver.storage.entries import IndexEntry

_BATCH = 500
_KNOWN, _FOUND = 0, 1


@dataclass(slots=True)
class Reconciliation:
    """What came of it: sidecars read, folders forgotten, and why some sidecars could not be used."""

    read: int = 0
    forgotten: int = 0
    unusable: int = 0
    first_reason: str = ""
    _entries: list[IndexEntry] = field(default_factory=list)
    _gone: list[str] = field(default_factory=list)

    def run(self, archive: Archive, catalog: Catalog) -> None:
        """Bring the catalog up to what is in the archive, one pass over both. Raises `ArchiveError`."""
        for folder, is_found in _changes(catalog.folders(), archive.folders()):
            entry = self._read(archive, folder) if is_found else None
            if entry:
                self._entries.append(entry)
            else:
                self._gone.append(folder)
            if len(self._entries) + len(self._gone) >= _BATCH:
                self._write(catalog)
        self._write(catalog)

    def _read(self, archive: Archive, folder: str) -> IndexEntry | None:
        try:
            loaded = archive.load(folder)
            is_lacking = loaded is not None and archive.lacks_files(folder, loaded[0])
        except DiskFullError:
            raise
        except (SidecarError, ArchiveError) as error:
            # One that cannot be read, for want of a right perhaps, costs that one alone.
            self.unusable += 1
            self.first_reason = self.first_reason or error.message
            return None
        if loaded is None:
            return None
        self.read += 1
        sidecar, footprint = loaded
        if is_lacking:
            # A moment at which no folder was changed: whoever asks for it looks closer.
            footprint = msgspec.structs.replace(footprint, folder_mtime_ns=0)
        return IndexEntry.of(sidecar, folder, footprint)

    def _write(self, catalog: Catalog) -> None:
        catalog.forget(self._gone)
        catalog.record(self._entries)
        self._gone, self._entries = [], []


def _changes(
    known: Iterable[tuple[str, int]], found: Iterable[tuple[str, int]]
) -> Iterator[tuple[str, bool]]:
    """Give the folders that differ, and whether they are there; both inputs come in the folders' order."""
    tagged = heapq.merge(
        ((folder, _KNOWN, changed_ns) for folder, changed_ns in known),
        ((folder, _FOUND, changed_ns) for folder, changed_ns in found),
    )
    for folder, group in groupby(tagged, key=itemgetter(0)):
        marks = {tag: changed_ns for _, tag, changed_ns in group}
        if marks.get(_KNOWN) != marks.get(_FOUND):
            yield folder, _FOUND in marks
