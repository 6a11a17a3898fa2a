"""A commit, step by step: after each of them the power may fail.

The order that keeps every sidecar true:

1. The staged bytes are synced.
2. Where a file will get other bytes, the standing sidecar is first rewritten without that asset.
3. The files are moved, then linked, to their names; the folder is synced.
4. The new sidecar takes its place: the commit mark.
5. Only then files that nothing records any more are removed.

Done again after a crash it goes on where it stopped. A folder that was made for this commit is empty, and is
not searched.
"""

from __future__ import annotations

import stat
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from archiver.domain.errors import (
    LaterSchemaError,
    OtherGenerationError,
    OutOfPlaceError,
    SidecarError,
    StandingSidecarError,
)
from archiver.domain.naming import DAMAGED_SIDECAR, PARTIAL, SIDECAR
from archiver.domain.sidecar import Sidecar, encode_sidecar
from archiver.storage.errors import MissingFileError, blaming, misplaced, shown
from archiver.storage.files import link_or_copy, sha256_of, write_atomic
from archiver.storage.folder import Folder
from archiver.storage.replacement import obsolete_files, withdraw
from archiver.storage.sidecars import read_sidecar
from archiver.storage.spelling import refuse_other_spelling
from archiver.storage.store import Footprint, Link


@dataclass(frozen=True, slots=True)
class _Opened:
    """The folders of a commit: the generation's own, the one for what is half-made, those of staged files."""

    home: Folder
    aside: Folder
    staged: Mapping[PurePosixPath, Folder]


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """What is to become final in `folder`; a staged path is relative to the archive, with `/`."""

    folder: str
    sidecar: Sidecar
    staged: Mapping[str, PurePosixPath | Link]
    is_first: bool = False
    """Whether no sidecar is known to stand there: one that does is not replaced unread."""

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

    def steps(self, root: Path) -> Generator[str, None, Footprint]:
        """Do the commit; after each durable step its name is given, in the end what it came to.

        Raises `ArchiveError`, `SidecarError`.
        """
        with ExitStack() as stack:
            opened = self._open(root, stack)
            home, aside = opened.home, opened.aside
            if not home.is_new:
                _refuse_folders(home, self.staged)
            yield "folder made"
            for path in self._files.values():
                # A file that is not there may have been moved by an earlier try: the move looks into that.
                with suppress(MissingFileError):
                    opened.staged[path.parent].sync_file(path.name)
            yield "bytes synced"
            yield from self._withdraw(home, aside)
            yield from self._name(opened)
            data = encode_sidecar(self.sidecar)
            write_atomic(home, SIDECAR, data, aside=aside)
            yield "sidecar written"
            for name in obsolete_files([] if home.is_new else home.names(), self.sidecar):
                home.remove(name)
                yield f"{name} removed"
            return Footprint(folder_mtime_ns=home.changed_ns(), sidecar_size=len(data))

    @property
    def _files(self) -> dict[str, PurePosixPath]:
        return {name: place for name, place in self.staged.items() if isinstance(place, PurePosixPath)}

    def _open(self, root: Path, stack: ExitStack) -> _Opened:
        archive = stack.enter_context(Folder.open_root(root))
        above, _, name = self.folder.rpartition("/")
        with ExitStack() as descent:
            with blaming(lambda: misplaced(str(root), above), stat.S_ISDIR):
                parent = descent.enter_context(archive.make_descent(above, durable=True))
            with blaming(lambda: parent.stat(name), stat.S_ISDIR):
                home = stack.enter_context(parent.make_child(name, durable=True))
            if not home.is_new:
                refuse_other_spelling(parent, name)
        aside = stack.enter_context(archive.make_child(PARTIAL, durable=False))
        staged = {path.parent: archive for path in self._files.values()}
        for place in staged:
            if place.as_posix() == PARTIAL:
                staged[place] = aside
                continue
            # With all its files moved by an earlier try, their folder is gone, too.
            with suppress(MissingFileError):
                staged[place] = stack.enter_context(archive.descend(place.as_posix()))
        return _Opened(home, aside, staged)

    def _withdraw(self, home: Folder, aside: Folder) -> Iterator[str]:
        standing = None if home.is_new else _read_standing(home)
        if standing and self.is_first:
            msg = f"{shown(home.where(SIDECAR))} was not known of"
            raise StandingSidecarError(msg)
        rest = withdraw(standing, self.sidecar, self.staged) if standing else None
        if rest:
            write_atomic(home, SIDECAR, encode_sidecar(rest), aside=aside)
            yield "standing sidecar withdrawn"

    def _name(self, opened: _Opened) -> Iterator[str]:
        home = opened.home
        for name, path in self._files.items():
            try:
                opened.staged[path.parent].rename(path.name, home, name)
            except MissingFileError:
                if not self._is_in_place(home, name):
                    raise
            yield f"{name} moved"
        for name, place in self.staged.items():
            if isinstance(place, Link):
                link_or_copy(home, place.to, name, aside=opened.aside)
                yield f"{name} linked"
        if self.staged:
            home.sync()
            yield "names synced"

    def _is_in_place(self, home: Folder, name: str) -> bool:
        """Tell whether an earlier try has moved the file: it is the bytes that say so."""
        digests = {record.sha256 for record in self.sidecar.assets.values() if record.path == name}
        return home.size_of(name) is not None and sha256_of(home, name) in digests


def _refuse_folders(home: Folder, names: Iterable[str]) -> None:
    """Raise `OutOfPlaceError` where a folder has a file's name; whatever else has it gives way."""
    for name in names:
        found = home.stat(name)
        if found and stat.S_ISDIR(found.st_mode):
            msg = f"{shown(home.where(name))} is a folder: move it away"
            raise OutOfPlaceError(msg)


def _read_standing(home: Folder) -> Sidecar | None:
    """Return the sidecar that a commit replaces.

    Rubbish is replaced where a copy of it has been kept: it claims nothing that could become untrue. Else the
    files beside it may be whole, and stay until somebody has asked for their repair.
    """
    try:
        return read_sidecar(home)
    except (LaterSchemaError, OtherGenerationError, OutOfPlaceError):
        raise
    except SidecarError:
        if home.size_of(DAMAGED_SIDECAR) is None:
            raise
        return None
