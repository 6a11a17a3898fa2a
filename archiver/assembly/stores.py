"""What a run keeps things in: the archive under its lock, the index, the ids seen."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from archiver.assembly.options import Options
from archiver.domain.events import Noticed, Observer
from archiver.domain.timing import show_timestamp
from archiver.runtime.clock import SystemClock
from archiver.storage.archive import Archive
from archiver.storage.holder import Holder
from archiver.storage.index import Index
from archiver.storage.lock import ArchiveLock
from archiver.storage.seen import Seen
from archiver.storage.threads import open_in_thread, run_in_thread


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """What is open while a run lasts."""

    archive: Archive
    index: Index
    seen: Seen


@asynccontextmanager
async def open_stores(options: Options, observer: Observer) -> AsyncIterator[Stores]:
    """Open everything for a run; with `--dry-run`, without touching the disk.

    Raises `ArchiveLockedError` or another `ArchiveError`.
    """
    async with AsyncExitStack() as stack:
        if options.dry_run:
            archive = await run_in_thread(_open_reading, options.archive, stack)
        else:
            archive = await _open_writing(options, stack, observer)
        index = await open_in_thread(Index.open, archive, writable=not options.dry_run)
        stack.push_async_callback(run_in_thread, index.close)
        if index.notice:
            observer(Noticed(index.notice))
        yield Stores(archive=archive, index=index, seen=stack.enter_context(Seen()))


async def _open_writing(options: Options, stack: AsyncExitStack, observer: Observer) -> Archive:
    archive = await run_in_thread(Archive.open, options.archive)
    holder = Holder.of_this_process(since=show_timestamp(SystemClock().now()), command="luma-archiver")
    lock = stack.enter_context(await ArchiveLock.acquire(archive.root, holder, wait_s=options.lock_wait_s))
    for notice in (lock.notice, await run_in_thread(archive.link_notice)):
        if notice:
            observer(Noticed(notice))
    # Only now: what is half-made might have been another run's.
    await run_in_thread(archive.partials.tidy)
    stack.push_async_callback(run_in_thread, archive.partials.tidy)
    return archive


def _open_reading(root: Path, stack: AsyncExitStack) -> Archive:
    """Open the archive for reading; one that is not there yet is planned for as an empty one."""
    if not root.exists():
        root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="luma-archiver-")))
    return Archive.open(root, writable=False)
