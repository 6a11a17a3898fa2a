"""All unfinished downloads of an archive: of which generations there are any, and how they go away."""

from __future__ import annotations

import stat
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from archiver.domain.identity import AssetName, GenerationId
from archiver.domain.naming import PARTIAL, id_of_partial_folder, partial_folder_of
from archiver.storage.errors import MissingFileError
from archiver.storage.files import TEMPORARY_SUFFIX
from archiver.storage.folder import Folder
from archiver.storage.partfile import JOURNAL_SUFFIX, PART_SUFFIX, loose_name


class Partials:
    """The folder `.partial`. Blocking; every method raises `ArchiveError`; foreign files stay.

    Nothing may be downloading what is removed here: the archive's lock is held, the transfers have ended.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._left: set[GenerationId] | None = None
        """Of which generations an earlier run left something; None where nobody has looked."""
        self._begun: set[tuple[GenerationId, AssetName]] = set()

    def begin(self, generation_id: GenerationId, asset: AssetName) -> bool:
        """Take note that an asset is downloaded from now on; tell whether nothing of it can be here yet."""
        begun = generation_id, asset
        is_new = self._left is not None and generation_id not in self._left and begun not in self._begun
        self._begun.add(begun)
        return is_new

    def ids(self) -> list[GenerationId]:
        """Return the generations of which something unfinished is held, sorted."""
        with suppress(MissingFileError), self._open() as folder:
            return [found for name in folder.names() if (found := _id_of(folder, name))]
        return []

    def assets(self, generation_id: GenerationId) -> frozenset[AssetName]:
        """Return the assets of which something unfinished is held."""
        with (
            suppress(MissingFileError),
            self._open() as folder,
            folder.child(partial_folder_of(generation_id)) as home,
        ):
            stems = {name.removesuffix(PART_SUFFIX) for name in home.names() if name.endswith(PART_SUFFIX)}
            return frozenset(name for name in AssetName if name.value in stems)
        return frozenset()

    def discard(self, generation_id: GenerationId, *, moved: Collection[str] = ()) -> None:
        """Remove all that is unfinished of a generation; short bodies that were `moved` are gone already."""
        with suppress(MissingFileError), self._open() as folder:
            self._remove_loose(folder, generation_id, moved)
            _clear(folder, partial_folder_of(generation_id), keeps_parts=False)
        self._begun -= {(generation_id, asset) for asset in AssetName}

    def release(self, generation_id: GenerationId, *, moved: Collection[str] = ()) -> None:
        """Remove what committed downloads left behind; those that are unfinished stay."""
        with suppress(MissingFileError), self._open() as folder:
            self._remove_loose(folder, generation_id, moved)
            _clear(folder, partial_folder_of(generation_id), keeps_parts=True)

    def tidy(self) -> None:
        """Remove what a killed run left half-made, and every folder that is empty, `.partial` too."""
        with suppress(MissingFileError), self._open() as folder:
            for name in folder.names():
                if _id_of(folder, name):
                    _clear(folder, name, keeps_parts=True)
                elif name.endswith(TEMPORARY_SUFFIX) and not _is_folder(folder, name):
                    folder.remove(name)
        self._left = set(self.ids())
        with Folder.open_root(self._root) as root:
            root.remove_empty_child(PARTIAL)

    def _remove_loose(self, folder: Folder, generation_id: GenerationId, moved: Collection[str]) -> None:
        """Remove short bodies that a commit had no use for."""
        begun = (asset for asset in AssetName if (generation_id, asset) in self._begun)
        for name in (loose_name(generation_id, asset) for asset in begun):
            if name not in moved:
                folder.remove(name)

    def _open(self) -> Folder:
        return Folder.open_below(self._root, PARTIAL)


def _id_of(folder: Folder, name: str) -> GenerationId | None:
    """Return whose unfinished downloads are under a name; files with a name like an id are a stranger's."""
    return id_of_partial_folder(name) if _is_folder(folder, name) else None


def _is_folder(folder: Folder, name: str) -> bool:
    found = folder.stat(name)
    return found is not None and stat.S_ISDIR(found.st_mode)


def _clear(folder: Folder, name: str, *, keeps_parts: bool) -> None:
    # After a commit it is empty more often than not.
    if folder.remove_empty_child(name):
        return
    with suppress(MissingFileError), folder.child(name) as home:
        found = home.names()
        kept = {
            file.removesuffix(PART_SUFFIX) for file in found if keeps_parts and file.endswith(PART_SUFFIX)
        }
        for file in found:
            stem, dot, suffix = file.rpartition(".")
            is_ours = dot + suffix in {PART_SUFFIX, JOURNAL_SUFFIX, TEMPORARY_SUFFIX}
            if is_ours and (stem not in kept or dot + suffix == TEMPORARY_SUFFIX):
                home.remove(file)
    folder.remove_empty_child(name)
