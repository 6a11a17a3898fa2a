"""What a run keeps things in: the archive under its lock, the index, what is owed, the ids seen."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from archiver.assembly.options import Options
from archiver.domain.events import Noticed, Observer
from archiver.domain.timing import show_timestamp
from archiver.runtime.clock import Clock
from archiver.runtime.threads import open_in_thread, run_in_thread
from archiver.storage.archive import Archive
from archiver.storage.errors import translated
from archiver.storage.holder import Holder
from archiver.storage.index import Index
from archiver.storage.lock import ArchiveLock
from archiver.storage.owed import OwedList
from archiver.storage.seen import Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """What is open while a run lasts."""

    archive: Archive
    index: Index
    owed: OwedList
    seen: Seen


@asynccontextmanager
async def hold_archive(
    options: Options, command: str, observer: Observer, clock: Clock
) -> AsyncIterator[Archive]:
    """Open the archive for a run; with `--dry-run` without touching the disk, otherwise under its lock.

    Raises `ArchiveLockedError` or another `ArchiveError`.
    """
    async with AsyncExitStack() as stack:
        if options.dry_run:
            yield await run_in_thread(_open_reading, options.archive, stack)
            return
        archive = await run_in_thread(Archive.open, options.archive)
        since = show_timestamp(clock.now())
        holder = Holder.of_this_process(since=since, command=f"luma-archiver {command}")
        lock = stack.enter_context(
            await ArchiveLock.acquire(archive.root, holder, wait_s=options.lock_wait_s)
        )
        for notice in (lock.notice, await run_in_thread(archive.link_notice)):
            if notice:
                observer(Noticed(notice))
        yield archive


@asynccontextmanager
async def open_stores(archive: Archive, options: Options, observer: Observer) -> AsyncIterator[Stores]:
    """Open all that a run needs beside the archive, which is held. Raises `ArchiveError`."""
    is_kept = not options.dry_run
    async with AsyncExitStack() as stack:
        if is_kept:
            # Only under the lock: what is half-made might be another run's.
            await run_in_thread(archive.partials.tidy)
            stack.push_async_callback(run_in_thread, archive.partials.tidy)
        owed = await open_in_thread(OwedList.open, archive.root, writable=is_kept)
        stack.push_async_callback(run_in_thread, owed.close)
        index = await open_in_thread(Index.open, archive, writable=is_kept)
        stack.push_async_callback(run_in_thread, index.close)
        for notice in filter(None, (owed.notice, index.notice)):
            observer(Noticed(notice))
        yield Stores(archive=archive, index=index, owed=owed, seen=stack.enter_context(Seen()))


def _open_reading(root: Path, stack: AsyncExitStack) -> Archive:
    """Open the archive for reading; one that is not there yet is planned for as an empty one."""
    with translated("look at", str(root)):
        is_there = root.exists()
    if not is_there:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="luma-archiver-")))
    return Archive.open(root, writable=False)
