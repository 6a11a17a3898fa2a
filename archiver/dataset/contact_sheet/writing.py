"""Contact sheets on disk: a folder of JPEGs, or one PDF; whole, or not there."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

from archiver.dataset.contact_sheet.making import SheetMaker
from archiver.dataset.options import Destination
from archiver.dataset.stage import refuse_inside
from archiver.domain.errors import UsageError
from archiver.domain.naming import PARTIAL
from archiver.media.lettering import Lettering, find_fonts
from archiver.media.sheet import add_to_pdf, to_jpeg
from archiver.storage.durability import sync_file
from archiver.storage.errors import shown, translated
from archiver.storage.files import TEMPORARY_SUFFIX, write_atomic
from archiver.storage.folder import Folder

_PAGE = re.compile(r"page-\d{3,}\.jpg")
_PDF = ".pdf"


def write_sheet(maker: SheetMaker, destination: Destination, on_tile: Callable[[], object]) -> list[Path]:
    """Write all pages and return their files: numbered JPEGs in a folder, or a PDF if the name is one's.

    Raises `UsageError` for what the destination's options do not allow, `ArchiveError`, and as `pages` does.
    """
    refuse_inside(maker.root, destination.path)
    if destination.path.suffix.lower() == _PDF:
        _refuse_pdf(destination)
        _write_pdf(maker, destination.path, on_tile)
        return [destination.path]
    _make_folder(destination)
    return [destination.path / name for name in _write_folder(maker, destination.path, on_tile)]


def _write_folder(maker: SheetMaker, target: Path, on_tile: Callable[[], object]) -> list[str]:
    with Folder.open_root(target) as root:
        with root.make_child(PARTIAL, durable=False) as aside:
            names = _stage_pages(maker, aside, on_tile)
            # All are whole: what another sheet left goes, and they get their places.
            for name in root.names():
                if _PAGE.fullmatch(name) and name not in names:
                    root.remove(name)
            for name in names:
                aside.rename(name, root, name)
        root.remove_empty_child(PARTIAL)
        root.sync()
    return names


def _stage_pages(maker: SheetMaker, aside: Folder, on_tile: Callable[[], object]) -> list[str]:
    for name in aside.names():
        if _PAGE.fullmatch(name) or name.endswith(TEMPORARY_SUFFIX):
            aside.remove(name)
    lettering, names = Lettering(find_fonts()), []
    for number, page in enumerate(maker.pages(on_tile), 1):
        names.append(f"page-{number:03}.jpg")
        write_atomic(aside, names[-1], to_jpeg(page, maker.grid, lettering), aside=aside)
    return names


def _write_pdf(maker: SheetMaker, target: Path, on_tile: Callable[[], object]) -> None:
    staged, lettering = f".{target.name}{TEMPORARY_SUFFIX}", Lettering(find_fonts())
    with translated("make", str(target.parent)):
        target.parent.mkdir(parents=True, exist_ok=True)
    with Folder.open_root(target.parent) as folder:
        folder.remove(staged)
        try:
            descriptor = folder.open_file(staged, os.O_RDWR | os.O_CREAT | os.O_EXCL)
            with os.fdopen(descriptor, "w+b") as file:
                for number, page in enumerate(maker.pages(on_tile)):
                    with translated("write", target.name):
                        add_to_pdf(page, maker.grid, lettering, file, is_first=number == 0)
                with translated("write", target.name):
                    file.flush()
                    sync_file(file.fileno())
            folder.rename(staged, folder, target.name)
        finally:
            folder.remove(staged)
        folder.sync()


def _make_folder(destination: Destination) -> None:
    """Make the folder for the pages. Raises `UsageError` where it is a file, or holds something already."""
    target = destination.path
    if target.exists() and not target.is_dir():
        msg = f"{shown(str(target))} is a file: choose a folder, or a name that ends in {_PDF}"
        raise UsageError(msg)
    with translated("make", str(target)):
        target.mkdir(parents=True, exist_ok=True)
        found = {path.name for path in target.iterdir()} - {PARTIAL}
    if found and not destination.is_overwriting:
        msg = f"{shown(str(target))} is not empty: choose another folder, or --overwrite its pages"
        raise UsageError(msg)


def _refuse_pdf(destination: Destination) -> None:
    target = destination.path
    if target.is_dir():
        msg = f"{shown(str(target))} is a folder: choose another name for the PDF"
        raise UsageError(msg)
    if target.exists() and not destination.is_overwriting:
        msg = f"{shown(str(target))} is there: choose another name, or --overwrite it"
        raise UsageError(msg)
