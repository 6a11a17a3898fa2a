"""What an archive is told without anybody being asked: ids for later, and to make its index anew."""

from __future__ import annotations

from collections.abc import Iterable

from archiver.assembly.options import Options
from archiver.assembly.stores import hold_archive, open_stores
from archiver.batch.adding import Adding, Additions
from archiver.batch.manifest import Row
from archiver.batch.reading import RowReader
from archiver.domain.events import Observer
from archiver.runtime.clock import Clock, SystemClock
from archiver.runtime.threads import run_in_thread
from archiver.storage.archive import Archive
from archiver.storage.index import rebuild_index
from archiver.storage.reconciling import Reconciliation


async def add(
    rows: Iterable[Row], options: Options, observer: Observer, clock: Clock | None = None
) -> Additions:
    """Remember what these rows name for the next `sync`. Raises `RunError`; what was added then stays."""
    clock = clock or SystemClock()
    async with (
        hold_archive(options, "add", observer, clock) as archive,
        open_stores(archive, options, observer) as stores,
    ):
        adding = Adding(stores.owed, stores.index, stores.seen, clock)
        with RowReader(rows) as reader:
            while chunk := await reader.next_chunk():
                for rejected in await run_in_thread(adding.add, chunk):
                    observer(rejected)
        return adding.additions


async def reindex(options: Options, observer: Observer) -> Reconciliation:
    """Make the index anew from the sidecars alone; return how many were read. Raises `RunError`."""
    # One that is not there is a misspelt folder: it is not made.
    await run_in_thread(Archive.open, options.archive, writable=False)
    async with hold_archive(options, "reindex", observer, SystemClock()) as archive:
        try:
            return await run_in_thread(rebuild_index, archive)
        finally:
            await run_in_thread(archive.partials.tidy)
