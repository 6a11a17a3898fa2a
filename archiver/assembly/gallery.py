"""The page of an archive, written under its lock."""

from __future__ import annotations

from archiver.assembly.options import Options
from archiver.assembly.stores import hold_archive
from archiver.dataset.gallery.writing import Gallery, GalleryOptions, write_gallery
from archiver.domain.events import Observer
from archiver.runtime.clock import Clock, SystemClock
from archiver.runtime.threads import run_in_thread
from archiver.storage.archive import Archive


async def make_gallery(
    options: Options, asked: GalleryOptions, observer: Observer, clock: Clock | None = None
) -> Gallery:
    """Write the gallery. Raises `RunError`, also where there is no archive."""
    await run_in_thread(Archive.open, options.archive, writable=False)
    now = (clock or SystemClock()).now()
    async with hold_archive(options, "gallery", observer, SystemClock()) as archive:
        try:
            return await run_in_thread(write_gallery, archive, asked, now)
        finally:
            await run_in_thread(archive.partials.tidy)
