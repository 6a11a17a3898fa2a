"""What a manifest says by now of generations that are archived already, put into their sidecars."""

from __future__ import annotations

import msgspec

from archiver.batch.runner import Archiving
from archiver.domain.errors import ArchiveError, SidecarError
from archiver.domain.events import GenerationPlanned
from archiver.domain.outcome import GenerationResult
from archiver.domain.sidecar import merged_row
from archiver.pipeline.item import Item
from archiver.pipeline.results import unchanged_result, unusable_result
from archiver.runtime.threads import run_in_thread
from archiver.storage.archive import Archive
from archiver.storage.entries import Brief, IndexEntry, digest_of_row
from archiver.storage.index import Index
from archiver.storage.store import Footprint


class Amending:
    """Archives through another; of what is archived already only the manifest's columns are written.

    `count` says into how many sidecars. In a dry run into none.
    """

    def __init__(self, archiver: Archiving, archive: Archive, index: Index, *, is_dry: bool) -> None:
        self._archiver = archiver
        self._archive = archive
        self._index = index
        self._is_dry = is_dry
        self.count = 0

    async def archive(self, item: Item) -> GenerationResult | GenerationPlanned:
        """Do what can be done now for one generation. Raises `RunError` alone."""
        if item.amends is None:
            return await self._archiver.archive(item)
        try:
            is_new = not self._is_dry and await run_in_thread(self._amend, item, item.amends)
        except (SidecarError, ArchiveError) as error:
            # Another's folder, or one without the right to write, costs itself alone.
            if isinstance(error, ArchiveError) and not isinstance(error.__cause__, PermissionError):
                raise
            return unusable_result(item.amends, error.record())
        self.count += is_new
        return unchanged_result(item.amends)

    def _amend(self, item: Item, brief: Brief) -> bool:
        """Let the sidecar have the row's columns, too; tell whether any was new. All else stays."""
        loaded = self._archive.load(brief.folder)
        if loaded is None:
            return False
        sidecar, footprint = loaded
        is_as_known = footprint.folder_mtime_ns == brief.folder_mtime_ns
        row = merged_row(sidecar.manifest_row, item.row)
        is_new = digest_of_row(row) != digest_of_row(sidecar.manifest_row)
        if is_new:
            footprint = self._write(brief.folder, row)
            sidecar = msgspec.structs.replace(sidecar, manifest_row=row)
        if not is_as_known:
            # Something changed there meanwhile: the next run looks closer.
            footprint = msgspec.structs.replace(footprint, folder_mtime_ns=0)
        entry = IndexEntry.of(sidecar, brief.folder, footprint)
        # This row is in it by now, whatever else is: the next run need not look.
        self._index.record(msgspec.structs.replace(entry, row_digest=digest_of_row(item.row)))
        return is_new

    def _write(self, folder: str, row: dict[str, object]) -> Footprint:
        try:
            return self._archive.amend_row(folder, row)
        except ArchiveError:
            # It may stand already, and only the sync of its folder have failed.
            self._index.distrust()
            raise
