"""The pages of a contact sheet, made one after another out of an archive."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from archiver.dataset.contact_sheet.pictures import pictures_of
from archiver.dataset.contact_sheet.planning import (
    SheetOptions,
    blank_of,
    grid_of,
    in_order,
    mark_of,
    note_of,
)
from archiver.dataset.example import Example
from archiver.dataset.lookahead import begun_ahead
from archiver.dataset.selecting import limited, select
from archiver.dataset.sources import columns_of, read_examples
from archiver.domain.errors import SidecarError, UsageError
from archiver.media.sheet import Page, Tile
from archiver.storage.archive import Archive

# Each may take, at 200 megapixels, most of a gigabyte. Stills are made by processes of their own: there is
# one for each processor.
_PICTURES_AT_ONCE = 2


class SheetMaker:
    """Makes the pages; `unusable` says of sidecars why they are not in it.

    Raises `UsageError` for a bad selection, and where nothing is left to show; `ArchiveError`.
    """

    def __init__(self, archive: Archive, options: SheetOptions, now: datetime) -> None:
        self.root = archive.root
        self.unusable: list[str] = []
        self._options = options
        self._examples = self._choose(archive, now)
        self.grid = grid_of(options, self._examples)

    @property
    def count(self) -> int:
        """How many generations will be shown."""
        return len(self._examples)

    @property
    def page_count(self) -> int:
        """On how many pages."""
        return -(-self.count // self._options.per_page)

    def pages(self, on_tile: Callable[[], object]) -> Iterator[Page]:
        """Give the pages, pictures read ahead; `on_tile` is told of each generation that is done.

        Raises `DiskFullError`, and `UsageError` where there is no ffmpeg for stills.
        """
        tiles: list[Tile] = []
        workers = _PICTURES_AT_ONCE if self._options.frames is None else None
        for number, (_, made) in enumerate(begun_ahead(self._tile, self._examples, workers), 1):
            tiles.append(made.result())
            on_tile()
            if len(tiles) == self._options.per_page or number == self.count:
                yield self._page(tiles, -(-number // self._options.per_page))
                tiles = []

    def _choose(self, archive: Archive, now: datetime) -> Sequence[Example]:
        examples = []
        for _, found in read_examples(archive):
            if isinstance(found, SidecarError):
                self.unusable.append(found.message)
            else:
                examples.append(found)
        selection = self._options.selection
        chosen = select(examples, selection, columns_of(examples), now).examples
        if not chosen:
            msg = "no generation fits: choose others" if examples else "the archive has no generations"
            raise UsageError(msg)
        return in_order(limited(chosen, selection))

    def _page(self, tiles: Sequence[Tile], number: int) -> Page:
        count = "1 generation" if self.count == 1 else f"{self.count:,} generations"
        note = f"page {number} of {self.page_count} · {count}"
        return Page(title=self.root.name or "archive", note=note, tiles=tiles)

    def _tile(self, example: Example) -> Tile:
        found: tuple[tuple[int, int, bytes], ...] | str | None = blank_of(example)
        if found is None:
            frames = self._options.frames
            found = pictures_of(self.root, example, frames, self.grid.cell(frames or 1))
        return Tile(
            prompt=example.prompt or "(no prompt)",
            id=example.id,
            note=note_of(example),
            pictures=() if isinstance(found, str) else found,
            blank=found if isinstance(found, str) else None,
            mark=mark_of(example),
        )
