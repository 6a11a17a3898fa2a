"""What a manifest says by now of generations that are archived already, put into their sidecars."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from archiver.domain.errors import ArchiveError
from archiver.storage.archive import Archive
from archiver.storage.entries import Brief, IndexEntry
from archiver.storage.index import Index


class RowUpdate:
    """Replaces the manifest's columns in sidecars; `count` says in how many. One thread at a time."""

    def __init__(self, archive: Archive, index: Index) -> None:
        self._archive = archive
        self._index = index
        self.count = 0

    def apply(self, brief: Brief, row: Mapping[str, Any]) -> None:
        """Let the generation's sidecar say what `row` does; a row without columns says nothing.

        All else in it stays as it is. Raises `ArchiveError`, `SidecarError`.
        """
        sidecar = self._archive.read_sidecar(brief.folder) if row else None
        if sidecar is None or sidecar.manifest_row == row:
            return
        amended = msgspec.structs.replace(sidecar, manifest_row=dict(row))
        try:
            footprint = self._archive.commit(brief.folder, amended, {})
        except ArchiveError:
            # The sidecar may stand already, and only the sync of its folder have failed.
            self._index.distrust()
            raise
        self._index.record(IndexEntry.of(amended, brief.folder, footprint))
        self.count += 1
