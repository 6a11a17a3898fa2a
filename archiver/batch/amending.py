"""What a manifest says by now of generations that are archived already, put into their sidecars."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from archiver.domain.errors import ArchiveError
from archiver.domain.sidecar import Sidecar
from archiver.storage.archive import Archive
from archiver.storage.entries import Brief, IndexEntry, digest_of_row
from archiver.storage.index import Index
from archiver.storage.store import Footprint


class RowUpdate:
    """Puts a manifest's columns into sidecars; `count` says into how many. One thread at a time."""

    def __init__(self, archive: Archive, index: Index) -> None:
        self._archive = archive
        self._index = index
        self.count = 0

    def apply(self, brief: Brief, row: Mapping[str, Any]) -> None:
        """Let a generation's sidecar say what `row` does; its other columns stay, as does all else.

        Raises `ArchiveError`, `SidecarError`.
        """
        if not row or brief.row_digest == digest_of_row(row):
            return
        loaded = self._archive.load(brief.folder)
        if loaded is None:
            return
        sidecar, footprint = loaded
        amended = msgspec.structs.replace(sidecar, manifest_row={**sidecar.manifest_row, **row})
        if amended != sidecar:
            footprint = self._commit(brief.folder, amended)
            self.count += 1
        self._index.record(IndexEntry.of(amended, brief.folder, footprint))

    def _commit(self, folder: str, amended: Sidecar) -> Footprint:
        try:
            return self._archive.commit(folder, amended, {})
        except ArchiveError:
            # The sidecar may stand already, and only the sync of its folder have failed.
            self._index.distrust()
            raise
