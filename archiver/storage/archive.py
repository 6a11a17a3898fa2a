"""The archive on this machine's disk."""

from __future__ import annotations

import stat
from collections.abc import Generator, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from archiver.domain.errors import ArchiveError, SidecarError
from archiver.domain.identity import AssetName, GenerationId, parse_id
from archiver.domain.naming import PARTIAL, SIDECAR
from archiver.domain.sidecar import AssetRecord, AssetStatus, Sidecar, Verification, with_row
from archiver.storage.commit import Commit
from archiver.storage.errors import MissingFileError, blaming, misplaced, shown, translated
from archiver.storage.files import can_link, check_writable, link_or_copy, write_atomic
from archiver.storage.folder import Folder
from archiver.storage.partial import PartialDownload
from archiver.storage.partials import Partials
from archiver.storage.sidecars import generation_folders, read_bytes, read_sidecar
from archiver.storage.store import Footprint, Link, Survey

_NO_LINKS_NOTICE = "this file system has no hard links: assets with the same bytes take their room twice"


class Archive:
    """Generations as folders of files below `root`. What is not `async` blocks.

    One writer at a time: whoever writes holds the `ArchiveLock`.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.partials = Partials(root)

    @classmethod
    def open(cls, root: Path, *, writable: bool = True) -> Archive:
        """Open the archive at `root`; a writable one is made where there is none, and is tried by writing.

        Raises `ArchiveError`, which is `DiskFullError` where not even a byte has room.
        """
        # A change of the working directory must not change which archive this is.
        root = root.absolute()
        with translated("look at", str(root)):
            is_file = root.exists() and not root.is_dir()
        if is_file:
            msg = f"{shown(str(root))} is a file: choose a folder as --archive"
            raise ArchiveError(msg)
        if not writable:
            Folder.open_root(root).close()
            return cls(root)
        with translated("make", str(root)):
            root.mkdir(parents=True, exist_ok=True)
        with Folder.open_root(root) as folder:
            check_writable(folder)
        return cls(root)

    def link_notice(self) -> str | None:
        """Return what a person should know of hard links on this disk, or None. Raises `ArchiveError`."""
        with Folder.open_root(self.root) as root, root.make_child(PARTIAL, durable=False) as aside:
            return None if can_link(aside) else _NO_LINKS_NOTICE

    def partial(self, generation_id: GenerationId, asset: AssetName) -> PartialDownload:
        """Return the unfinished download of an asset; it touches the disk when it is asked to."""
        is_new = self.partials.begin(generation_id, asset)
        return PartialDownload(self.root, generation_id, asset, is_new=is_new)

    def commit(
        self, folder: str, sidecar: Sidecar, staged: Mapping[str, Path | Link], *, is_first: bool = False
    ) -> Footprint:
        """Make the staged files final under their names, then the sidecar, as `storage.commit` has it.

        Staged paths are below the archive's root; links name files that are there then. A generation that
        is whole keeps nothing unfinished. Raises `ArchiveError`, and `SidecarError` where a newer program's
        sidecar stands there, or another generation's; with `is_first` also where the generation's own does.
        """
        commit = replace(Commit.of(self.root, folder, sidecar, staged), is_first=is_first)
        footprint = _done(commit.steps(self.root))
        generation_id = parse_id(sidecar.id)
        moved = {place.name for place in staged.values() if isinstance(place, Path)}
        if sidecar.verification is Verification.INCOMPLETE:
            self.partials.release(generation_id, moved=moved)
        else:
            self.partials.discard(generation_id, moved=moved)
        return footprint

    def amend_row(self, folder: str, row: Mapping[str, Any]) -> Footprint:
        """Let a generation's sidecar have this manifest row; nothing else in its folder is touched.

        Raises `SidecarError`, `ArchiveError`.
        """
        with (
            Folder.open_root(self.root) as root,
            root.make_child(PARTIAL, durable=False) as aside,
            self.open_folder(folder) as home,
        ):
            standing = read_bytes(home)
            if standing is None:
                msg = f"{folder}/{SIDECAR} is gone"
                raise SidecarError(msg)
            data = with_row(standing, row)
            write_atomic(home, SIDECAR, data, aside=aside)
            return Footprint(folder_mtime_ns=home.changed_ns(), sidecar_size=len(data))

    def keep_copy(self, folder: str, name: str, new_name: str) -> None:
        """Let a file of a generation keep its bytes under another name, too. Raises `ArchiveError`."""
        with (
            Folder.open_root(self.root) as root,
            root.make_child(PARTIAL, durable=False) as aside,
            root.descend(folder) as home,
        ):
            link_or_copy(home, name, new_name, aside=aside)
            home.sync()

    def read_sidecar(self, folder: str) -> Sidecar | None:
        """Return a generation's sidecar; None where it has none. Raises `SidecarError`, `ArchiveError`."""
        try:
            with self.open_folder(folder) as home:
                return read_sidecar(home)
        except MissingFileError:
            return None

    def folders(self) -> Iterator[tuple[str, int]]:
        """Give each generation's folder and when it changed (ns), in the order of their paths."""
        with Folder.open_root(self.root) as root:
            yield from generation_folders(root)

    def sidecars(self) -> Iterator[tuple[str, Sidecar | SidecarError]]:
        """Give each generation's folder and sidecar, in that order; one that cannot be used as its error."""
        for folder, _ in self.folders():
            try:
                sidecar = self.read_sidecar(folder)
            except SidecarError as error:
                yield folder, error
            else:
                if sidecar:
                    yield folder, sidecar

    def survey(self, folder: str) -> Survey | None:
        """Look at a generation's files by their sizes; None where it has no sidecar.

        Raises `SidecarError`, `ArchiveError`.
        """
        try:
            with self.open_folder(folder) as home:
                sidecar = read_sidecar(home)
                return Survey(sidecar=sidecar, present=_present(home, sidecar)) if sidecar else None
        except MissingFileError:
            return None

    def lacks_files(self, folder: str, sidecar: Sidecar) -> bool:
        """Tell whether a file that a sidecar records is not there whole. Raises `ArchiveError`."""
        with self.open_folder(folder) as home:
            present = _present(home, sidecar)
        return any(
            name not in present and record.status is not AssetStatus.MISSING
            for name, record in sidecar.assets.items()
        )

    def footprint(self, folder: str) -> Footprint | None:
        """Return a generation's footprint; None where it has no folder or no sidecar."""
        try:
            with self.open_folder(folder) as home:
                return _footprint(home)
        except MissingFileError:
            return None

    def load(self, folder: str) -> tuple[Sidecar, Footprint] | None:
        """Return a generation's sidecar and its footprint from before it was read; None where it has none.

        Raises `SidecarError`, `ArchiveError`.
        """
        try:
            with self.open_folder(folder) as home:
                footprint, sidecar = _footprint(home), read_sidecar(home)
        except MissingFileError:
            return None
        return (sidecar, footprint) if sidecar and footprint else None

    def open_folder(self, folder: str) -> Folder:
        """Open a generation's folder.

        Raises `OutOfPlaceError` where it is none, `MissingFileError` or another `ArchiveError`.
        """
        above, _, name = folder.rpartition("/")
        with (
            Folder.open_root(self.root) as root,
            blaming(lambda: misplaced(str(self.root), folder), stat.S_ISDIR),
            root.descend(above) as parent,
        ):
            return parent.child(name)


def _done(steps: Generator[str, None, Footprint]) -> Footprint:
    """Go through all steps; return what they came to."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            footprint: Footprint = end.value
            return footprint


def _footprint(home: Folder) -> Footprint | None:
    changed_ns, size = home.changed_ns(), home.size_of(SIDECAR)
    return None if size is None else Footprint(folder_mtime_ns=changed_ns, sidecar_size=size)


def _present(home: Folder, sidecar: Sidecar) -> frozenset[AssetName]:
    return frozenset(name for name, record in sidecar.assets.items() if _is_present(home, record))


def _is_present(home: Folder, record: AssetRecord) -> bool:
    if record.status is AssetStatus.MISSING or record.file_name is None:
        return False
    size = home.size_of(record.file_name)
    return size is not None and record.size in {None, size}
