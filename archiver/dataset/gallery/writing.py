"""The gallery on disk: `gallery/` in the archive, each page written whole."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from archiver.dataset.example import Example
from archiver.dataset.gallery.page import FIRST_PAGE, Page, paginate, render_page
from archiver.dataset.options import SelectionOptions
from archiver.dataset.selecting import select
from archiver.dataset.sources import columns_of, read_examples
from archiver.domain.errors import SidecarError
from archiver.domain.naming import GALLERY, PARTIAL
from archiver.domain.quantity import show_size
from archiver.storage.archive import Archive
from archiver.storage.files import write_pieces_atomic
from archiver.storage.folder import Folder

_PAGE = re.compile(r"page-\d{4,}\.html")


@dataclass(frozen=True, slots=True, kw_only=True)
class GalleryOptions:
    """Which generations, how many on a page, and the title."""

    selection: SelectionOptions
    per_page: int = 120
    title: str = "Archive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gallery:
    """What was written: `path` of the first page, relative to the archive's root."""

    path: str
    generations: int
    pages: int
    unusable: tuple[str, ...]
    """Why sidecars could not be read, a line each."""


def write_gallery(archive: Archive, options: GalleryOptions, now: datetime) -> Gallery:
    """Write all pages anew; pages of an earlier one that are not needed any more are removed.

    The caller holds the archive's lock. Raises `UsageError`, `ArchiveError`.
    """
    examples, unusable = _read(archive)
    wanted = select(examples, options.selection, columns_of(examples), now).examples
    chosen = wanted[: options.selection.limit]
    pages = paginate(chosen, options.per_page)
    summary = _summary(chosen)
    with (
        Folder.open_root(archive.root) as root,
        root.make_child(GALLERY, durable=False) as home,
        root.make_child(PARTIAL, durable=False) as aside,
    ):
        # The first page last: until then the old one leads to pages that are there.
        for page in reversed(pages):
            pieces = render_page(page, pages, options.title, summary)
            write_pieces_atomic(home, page.name, pieces, aside=aside)
        _remove_others(home, pages)
    return Gallery(
        path=f"{GALLERY}/{FIRST_PAGE}",
        generations=sum(len(page.examples) for page in pages),
        pages=len(pages),
        unusable=tuple(unusable),
    )


def _read(archive: Archive) -> tuple[list[Example], list[str]]:
    examples, unusable = [], []
    for _, found in read_examples(archive):
        if isinstance(found, SidecarError):
            unusable.append(found.message)
        else:
            examples.append(found)
    return examples, unusable


def _summary(examples: tuple[Example, ...]) -> str:
    size = sum(file.size for one in examples for file in one.assets.values() if file.same_as is None)
    count = "1 generation" if len(examples) == 1 else f"{len(examples):,} generations"
    return f"{count}, {show_size(size)}"


def _remove_others(home: Folder, pages: list[Page]) -> None:
    needed = {page.name for page in pages}
    for name in home.names():
        if _PAGE.fullmatch(name) and name not in needed:
            home.remove(name)
