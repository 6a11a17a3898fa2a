"""The index: a cache of all sidecars in one SQLite file. Delete it, and it is made again.

It says of itself whether it can be believed: it is marked before a run's first change, and the mark is
taken back when it is closed. Found marked, it is held against the folders; one of an earlier version is
converted where that can be done; damaged, or of any other version, it is made anew. Only whoever holds the
archive's lock opens it for writing.
"""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cache, partial
from types import TracebackType
from typing import Self

from archiver.domain.errors import ArchiveError
from archiver.domain.generation import State
from archiver.domain.identity import GenerationId
from archiver.domain.naming import INDEX, SIDECAR
from archiver.domain.sidecar import Verification
from archiver.storage.archive import Archive
from archiver.storage.catalog import Catalog, UnusableIndexError
from archiver.storage.entries import Brief, IndexEntry
from archiver.storage.reconciling import Reconciliation

__all__ = ["Brief", "Index", "IndexEntry"]

# A transaction for each generation would cost more than the lookup of a thousand.
_BUFFERED = 256


class Index:
    """What is known of every generation, at hand; any thread may ask. Close it, or use `with`.

    `notice` is what a person should know of how it was opened, or None. Every method raises `ArchiveError`.
    """

    def __init__(self, archive: Archive, catalog: Catalog, *, notice: str | None, is_kept: bool) -> None:
        self._archive = archive
        # A text: a `Path` for each of all generations would cost more than the look at them.
        self._root = str(archive.root)
        self._catalog = catalog
        self._is_kept = is_kept
        self._pending: dict[str, IndexEntry] = {}
        self._turn = threading.Lock()
        self._is_open = True
        self._is_in_doubt = False
        self.notice = notice

    @classmethod
    def open(cls, archive: Archive, *, writable: bool = True) -> Self:
        """Open the archive's index, made or brought up to date where that is needed.

        One that is not writable touches no file: whatever has to be made anew is made in memory.
        """
        return cls._open_writable(archive) if writable else cls._open_readable(archive)

    @classmethod
    def _open_writable(cls, archive: Archive) -> Self:
        try:
            catalog = Catalog.open(archive.root)
        except UnusableIndexError as error:
            catalog = Catalog.create(archive.root)
            notice = _notice(f"{INDEX} was {error.trouble.value}: made anew", _fill(archive, catalog))
            return cls(archive, catalog, notice=notice, is_kept=True)
        if catalog.is_clean:
            notice = None
            catalog.mark_unclean()
        else:
            what = f"{INDEX} was not closed by the last run: brought up to date"
            notice = _notice(what, _fill(archive, catalog))
        return cls(archive, catalog, notice=notice, is_kept=True)

    @classmethod
    def _open_readable(cls, archive: Archive) -> Self:
        try:
            catalog = Catalog.open_reading(archive.root)
        except UnusableIndexError as error:
            catalog = Catalog.create_in_memory()
            what = f"{error.message}; until then every command is slower"
            notice = _notice(what, _fill(archive, catalog))
            return cls(archive, catalog, notice=notice, is_kept=False)
        if catalog.is_clean:
            return cls(archive, catalog, notice=None, is_kept=False)
        # A run is writing it, or was killed: either way what it has not written is in the folders.
        with catalog:
            copy = catalog.copied_to_memory()
        _fill(archive, copy)
        return cls(archive, copy, notice=None, is_kept=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def get(self, generation_id: GenerationId) -> IndexEntry | None:
        """Return what is known of a generation; None where it has no sidecar."""
        with self._turn:
            return self._pending.get(generation_id) or self._catalog.get(generation_id)

    def briefs(self, ids: Sequence[GenerationId]) -> dict[GenerationId, Brief]:
        """Return in brief what is known of these, by id: far quicker than one look for each."""
        with self._turn:
            found = {brief.id: brief for brief in self._catalog.briefs(ids)}
            newer = [self._pending[key] for key in ids if key in self._pending] if self._pending else []
            return found | {entry.id: entry.brief for entry in newer}

    def record(self, entry: IndexEntry) -> None:
        """Take note of a committed generation. It is written with others, at the latest by `close`."""
        with self._turn:
            self._pending[entry.id] = entry
            if len(self._pending) >= _BUFFERED:
                self._flush()

    def distrust(self) -> None:
        """Let the next run hold the index against the folders: a commit may have ended half-way."""
        self._is_in_doubt = True

    def refresh(self, generation_id: GenerationId) -> Brief | None:
        """Look again at a folder that changed; return what is known of it now, None where it has no sidecar.

        Raises `SidecarError`, too.
        """
        entry = self.get(generation_id)
        loaded = self._archive.load(entry.folder) if entry else None
        if entry is None or loaded is None:
            return None
        fresh = IndexEntry.of(loaded[0], entry.folder, loaded[1])
        self.record(fresh)
        return fresh.brief

    def is_current(self, brief: Brief) -> bool:
        """Tell, from one look at its folder, whether no file was added, removed or replaced there."""
        try:
            found = os.lstat(f"{self._root}/{brief.folder}")
        except OSError:
            # Gone, or out of reach: whoever looks closer will hear why.
            return False
        return found.st_mtime_ns == brief.folder_mtime_ns

    def incomplete(self) -> Iterator[GenerationId]:
        """Give the generations of which an asset is missing."""
        return self._ids(State.COMPLETED, Verification.INCOMPLETE)

    def mismatched(self) -> Iterator[GenerationId]:
        """Give the generations of which an asset is not what was promised."""
        return self._ids(State.COMPLETED, Verification.MISMATCHED)

    def failed(self) -> Iterator[GenerationId]:
        """Give the generations that failed at the service."""
        for verification in Verification:
            yield from self._ids(State.FAILED, verification)

    def changed(self) -> Iterator[GenerationId]:
        """Give the generations in whose folders a file was added, removed or replaced behind the index.

        A folder that is gone, sidecar and all, is not among them: nothing says any more what it held.
        """
        with self._turn:
            self._flush()
        for folder, changed_ns in self._catalog.folders():
            with suppress(OSError):
                if os.lstat(f"{self._root}/{folder}").st_mtime_ns != changed_ns:
                    os.lstat(f"{self._root}/{folder}/{SIDECAR}")
                    yield GenerationId(folder.rpartition("/")[2])

    def gone(self) -> Iterator[str]:
        """Give the folders that are not there any more; a link in a folder's place is none."""
        with self._turn:
            self._flush()
        is_there = cache(partial(_is_folder, self._root))
        for folder, _ in self._catalog.folders():
            month = folder.rpartition("/")[0]
            year = month.rpartition("/")[0]
            if not (is_there(year) and is_there(month) and _is_folder(self._root, folder)):
                yield folder

    def totals(self) -> tuple[int, int]:
        """Return how many generations there are, and the bytes of all their files, shared ones once."""
        with self._turn:
            self._flush()
        return self._catalog.totals()

    def entries(self) -> Iterator[IndexEntry]:
        """Give all entries in the order of their folders, so by month; nothing holds them all in memory."""
        with self._turn:
            self._flush()
        yield from self._catalog.entries()

    def close(self) -> None:
        """Write what is left and take the mark back, unless there is a doubt. Twice does no harm."""
        with self._turn:
            if not self._is_open:
                return
            self._is_open = False
            try:
                self._flush()
                if self._is_kept and not self._is_in_doubt:
                    self._catalog.mark_clean()
            finally:
                self._catalog.close()

    def _ids(self, state: State, verification: Verification) -> Iterator[GenerationId]:
        with self._turn:
            self._flush()
        yield from map(GenerationId, self._catalog.ids(state, verification))

    def _flush(self) -> None:
        # What is not kept is only read: what was noted since stands in `_pending` all the same.
        if self._pending and self._is_kept:
            self._catalog.record(self._pending.values())
            self._pending.clear()


def rebuild_index(archive: Archive) -> Reconciliation:
    """Make the index anew from the sidecars alone, whatever there is; return what was read.

    Raises `ArchiveError`.
    """
    catalog = Catalog.create(archive.root)
    found = _fill(archive, catalog)
    with catalog:
        catalog.mark_clean()
    return found


def _fill(archive: Archive, catalog: Catalog) -> Reconciliation:
    """Bring the catalog up to the folders."""
    work = Reconciliation()
    try:
        work.run(archive, catalog)
    except ArchiveError:
        catalog.close()
        raise
    return work


def _notice(what: str, work: Reconciliation) -> str | None:
    """Return the words for a person; None where there was nothing to find."""
    if not work.read and not work.forgotten and not work.unusable:
        return None
    unusable = f"; {work.unusable} cannot be used, the first: {work.first_reason}" if work.unusable else ""
    return f"{what}, {work.read} sidecars read{unusable}"


def _is_folder(root: str, path: str) -> bool:
    with suppress(FileNotFoundError, NotADirectoryError):
        return stat.S_ISDIR(os.lstat(f"{root}/{path}").st_mode)
    return False
