"""All unfinished downloads of an archive: of which generations there are any, and how they go away."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from archiver.domain.errors import ManifestRowError
from archiver.domain.identity import GenerationId, parse_id
from archiver.domain.naming import PARTIAL
from archiver.storage.errors import MissingFileError
from archiver.storage.files import TEMPORARY_SUFFIX
from archiver.storage.folder import Folder
from archiver.storage.partfile import JOURNAL_SUFFIX, PART_SUFFIX


class Partials:
    """The folder `.partial`. Blocking; every method raises `ArchiveError`; foreign files stay.

    Nothing may be downloading what is removed here: the archive's lock is held, the transfers have ended.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def ids(self) -> list[GenerationId]:
        """Return the generations of which something unfinished is held, sorted."""
        with suppress(MissingFileError), self._open() as folder:
            return [found for name in folder.names() if (found := _id_in(name))]
        return []

    def discard(self, generation_id: GenerationId) -> None:
        """Remove all that is unfinished of a generation."""
        with suppress(MissingFileError), self._open() as folder:
            _clear(folder, generation_id, keeps_parts=False)

    def release(self, generation_id: GenerationId) -> None:
        """Remove what committed downloads left behind; those that are unfinished stay."""
        with suppress(MissingFileError), self._open() as folder:
            _clear(folder, generation_id, keeps_parts=True)

    def tidy(self) -> None:
        """Remove what a killed run left half-made, and every folder that is empty, `.partial` too."""
        with suppress(MissingFileError), self._open() as folder:
            for name in folder.names():
                if name.endswith(TEMPORARY_SUFFIX):
                    folder.remove(name)
                elif found := _id_in(name):
                    _clear(folder, found, keeps_parts=True)
        with Folder.open_root(self._root) as root:
            root.remove_empty_child(PARTIAL)

    def _open(self) -> Folder:
        with Folder.open_root(self._root) as root:
            return root.child(PARTIAL)


def _clear(folder: Folder, generation_id: GenerationId, *, keeps_parts: bool) -> None:
    with suppress(MissingFileError), folder.child(generation_id) as home:
        names = home.names()
        kept = {
            name.removesuffix(PART_SUFFIX) for name in names if keeps_parts and name.endswith(PART_SUFFIX)
        }
        for name in names:
            stem, dot, suffix = name.rpartition(".")
            is_ours = dot + suffix in {PART_SUFFIX, JOURNAL_SUFFIX, TEMPORARY_SUFFIX}
            if is_ours and (stem not in kept or dot + suffix == TEMPORARY_SUFFIX):
                home.remove(name)
    folder.remove_empty_child(generation_id)


def _id_in(name: str) -> GenerationId | None:
    try:
        return parse_id(name)
    except ManifestRowError:
        return None
