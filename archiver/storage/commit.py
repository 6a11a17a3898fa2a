"""A commit, step by step: after each of them the power may fail.

The order that keeps every sidecar true:

1. The staged bytes are synced.
2. Where a file will get other bytes, the standing sidecar is first rewritten without that asset.
3. The files are moved, then linked, to their names; the folder is synced.
4. The new sidecar takes its place: the commit mark.
5. Only then files that nothing records any more are removed.

Done again after a crash it goes on where it stopped.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from archiver.domain.errors import LaterSchemaError, OtherGenerationError, SidecarError
from archiver.domain.naming import PARTIAL, SIDECAR
from archiver.domain.sidecar import Sidecar, encode_sidecar
from archiver.storage.durability import sync_file
from archiver.storage.errors import MissingFileError, translated
from archiver.storage.files import link_or_copy, sha256_of, write_atomic
from archiver.storage.folder import Folder
from archiver.storage.replacement import obsolete_files, withdraw
from archiver.storage.sidecars import read_sidecar
from archiver.storage.spelling import refuse_other_spelling
from archiver.storage.store import Link


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """What is to become final in `folder`; a staged path is relative to the archive, with `/`."""

    folder: str
    sidecar: Sidecar
    staged: Mapping[str, PurePosixPath | Link]

    @classmethod
    def of(cls, root: Path, folder: str, sidecar: Sidecar, staged: Mapping[str, Path | Link]) -> Commit:
        """Return a commit of files below `root`. Raises `ValueError` for one that is not recorded."""
        recorded = {record.path for record in sidecar.assets.values()}
        unknown = sorted(staged.keys() - recorded)
        if unknown:
            msg = f"the sidecar does not record {', '.join(unknown)}"
            raise ValueError(msg)
        inside = {
            name: place if isinstance(place, Link) else PurePosixPath(place.relative_to(root).as_posix())
            for name, place in staged.items()
        }
        return cls(folder=folder, sidecar=sidecar, staged=inside)

    def steps(self, root: Path) -> Iterator[str]:
        """Do the commit; after each durable step its name is given. Raises `ArchiveError`, `SidecarError`."""
        with (
            Folder.open_root(root) as archive,
            archive.make_descent(self.folder, durable=True) as home,
            archive.make_child(PARTIAL, durable=False) as aside,
        ):
            self._refuse_other_spelling(archive)
            yield "folder made"
            for path in self._files.values():
                _sync_staged(archive, path)
            yield "bytes synced"
            yield from self._withdraw(home, aside)
            yield from self._name(archive, home, aside)
            write_atomic(home, SIDECAR, encode_sidecar(self.sidecar), aside=aside)
            yield "sidecar written"
            for name in obsolete_files(home.names(), self.sidecar):
                home.remove(name)
                yield f"{name} removed"

    @property
    def _files(self) -> dict[str, PurePosixPath]:
        return {name: place for name, place in self.staged.items() if isinstance(place, PurePosixPath)}

    def _refuse_other_spelling(self, archive: Folder) -> None:
        above, _, name = self.folder.rpartition("/")
        with archive.descend(above) as parent:
            refuse_other_spelling(parent, name)

    def _withdraw(self, home: Folder, aside: Folder) -> Iterator[str]:
        standing = _read_standing(home)
        rest = withdraw(standing, self.sidecar, self.staged) if standing else None
        if rest:
            write_atomic(home, SIDECAR, encode_sidecar(rest), aside=aside)
            yield "standing sidecar withdrawn"

    def _name(self, archive: Folder, home: Folder, aside: Folder) -> Iterator[str]:
        for name, path in self._files.items():
            self._move(archive, path, home, name)
            yield f"{name} moved"
        for name, place in self.staged.items():
            if isinstance(place, Link):
                link_or_copy(home, place.to, name, aside=aside)
                yield f"{name} linked"
        if self.staged:
            home.sync()
            yield "names synced"

    def _move(self, archive: Folder, path: PurePosixPath, home: Folder, name: str) -> None:
        try:
            with archive.descend(str(path.parent)) as folder:
                folder.rename(path.name, home, name)
        except MissingFileError:
            if not self._is_in_place(home, name):
                raise

    def _is_in_place(self, home: Folder, name: str) -> bool:
        """Tell whether an earlier try has moved the file: it is the bytes that say so."""
        digests = {record.sha256 for record in self.sidecar.assets.values() if record.path == name}
        return home.size_of(name) is not None and sha256_of(home, name) in digests


def _sync_staged(archive: Folder, path: PurePosixPath) -> None:
    # A file that is not there may have been moved by an earlier try: the move looks into that.
    with suppress(MissingFileError), archive.descend(str(path.parent)) as folder:
        descriptor = folder.open_file(path.name, os.O_RDONLY)
        with translated("sync", folder.where(path.name)), os.fdopen(descriptor, "rb") as file:
            sync_file(file.fileno())


def _read_standing(home: Folder) -> Sidecar | None:
    """Return the sidecar that a commit replaces; rubbish claims nothing that could become untrue."""
    try:
        return read_sidecar(home)
    except (LaterSchemaError, OtherGenerationError):
        raise
    except SidecarError:
        return None
