"""Going through folders: which files are media, whose each is, which answers lie beside them.

A file belongs to the generation

1. whose id is in its path, if something is known of that id: an answer beside it, the archive, what is owed;
2. whose saved answer in the same folder names it by its URL, or is the only one there;
3. whose sidecar in the archive records a file with its SHA-256 that is no longer there;
4. whose UUID is in its path: the service will know.
"""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from archiver.batch.adoption.paths import ids_in, uuids_in
from archiver.batch.manifest import ManifestRow, read_manifest
from archiver.domain.answer import read_answer
from archiver.domain.errors import ArchiverError, UsageError
from archiver.domain.identity import AssetName, GenerationId, parse_id
from archiver.domain.naming import SIDECAR
from archiver.domain.sidecar import decode_sidecar
from archiver.media.sniff import HEAD_BYTES, sniff

_ANSWERS = {".json", ".jsonl", ".ndjson"}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A media file; `asset` is what its SHA-256 proves it to be, where it does."""

    path: Path
    asset: AssetName | None = None


@dataclass(slots=True)
class Finds:
    """What was found: files and answers by generation, and files of which nobody knows whose they are."""

    files: dict[GenerationId, list[Candidate]] = field(default_factory=lambda: defaultdict(list))
    answers: dict[GenerationId, bytes] = field(default_factory=dict)
    strays: list[Path] = field(default_factory=list)


Lost = dict[tuple[int, str], tuple[GenerationId, AssetName]]
"""Files that sidecars record and that are gone, by size in bytes and SHA-256."""


def check_folder(path: Path) -> None:
    """Raise `UsageError` where a folder surely cannot be searched."""
    try:
        flaw = None if path.is_dir() else "is no folder" if path.exists() else "no such folder"
    except OSError as error:
        flaw = f"cannot be looked at: {error.strerror}"
    if flaw:
        msg = f"{path}: {flaw}"
        raise UsageError(msg)


def search(
    folders: Iterable[Path],
    *,
    archive: Path,
    is_known: Callable[[GenerationId], bool],
    lost: Callable[[], Lost],
) -> Finds:
    """Go through folders, except the archive's own; links are not followed. Raises `ArchiveError`.

    `is_known` is asked about ids in paths; `lost` only where files are left that no path tells of.
    """
    finds, homes, media = Finds(), _Homes(), list[Path]()
    for path in _files(folders, archive):
        if path.suffix.lower() in _ANSWERS:
            _note_answers(path, finds, homes)
        elif _is_media(path):
            media.append(path)
    rest = []
    for path in media:
        owner = _owner(path, lambda known: known in finds.answers or is_known(known)) or homes.owner(path)
        if owner:
            finds.files[owner].append(Candidate(path))
        else:
            rest.append(path)
    _place_by_digest(rest, lost() if rest else {}, finds)
    return finds


def _files(folders: Iterable[Path], archive: Path) -> Iterator[Path]:
    own = archive.resolve()
    for top in folders:
        # Spelled as it is: a path that goes up and down again is another name of the archive's all the same.
        if top.resolve().is_relative_to(own):
            continue
        for folder, below, names in os.walk(top.absolute()):
            below[:] = sorted(name for name in below if Path(folder, name).resolve() != own)
            yield from (path for name in sorted(names) if _is_file(path := Path(folder, name)))


def _is_file(path: Path) -> bool:
    with suppress(OSError):  # a folder that can be listed and not entered
        return path.is_file() and not path.is_symlink()
    return False


def _is_media(path: Path) -> bool:
    with suppress(OSError), path.open("rb") as file:
        return sniff(file.read(HEAD_BYTES)) is not None
    return False


@dataclass(slots=True)
class _Homes:
    """Which folders hold answers about which generations, and how those call their files."""

    by_folder: dict[Path, set[GenerationId]] = field(default_factory=lambda: defaultdict(set))
    by_name: dict[tuple[Path, str], GenerationId] = field(default_factory=dict)

    def owner(self, path: Path) -> GenerationId | None:
        """Return whose a file is that lies beside an answer."""
        named = self.by_name.get((path.parent, path.name))
        about = self.by_folder.get(path.parent, set())
        return named or (next(iter(about)) if len(about) == 1 else None)


def _note_answers(path: Path, finds: Finds, homes: _Homes) -> None:
    for known, answer in _answers_in(path):
        finds.answers[known] = answer
        homes.by_folder[path.parent].add(known)
        with suppress(ArchiverError):
            for asset in read_answer(answer, known).assets.values():
                if asset.url:
                    name = PurePosixPath(asset.url.parts.path).name
                    homes.by_name[path.parent, name] = known


def _answers_in(path: Path) -> Iterator[tuple[GenerationId, bytes]]:
    """Give the answers in a file: saved ones, or the one in a sidecar of another archive."""
    if path.name == SIDECAR:
        with suppress(OSError, ValueError, ArchiverError):
            sidecar = decode_sidecar(path.read_bytes())
            yield parse_id(sidecar.id), bytes(sidecar.response)
        return
    with suppress(UsageError):
        for row in read_manifest(str(path)):
            if isinstance(row, ManifestRow) and row.saved_answer is not None:
                yield row.id, row.saved_answer


def _owner(path: Path, is_known: Callable[[GenerationId], bool]) -> GenerationId | None:
    return next((found for found in ids_in(path) if is_known(found)), None)


def _place_by_digest(paths: list[Path], lost: Lost, finds: Finds) -> None:
    sizes = {size for size, _ in lost}
    for path in paths:
        found = (
            lost.get((path.stat().st_size, sha256_of_file(path))) if path.stat().st_size in sizes else None
        )
        if found:
            finds.files[found[0]].append(Candidate(path, found[1]))
        elif owner := next(uuids_in(path), None):
            finds.files[owner].append(Candidate(path))
        else:
            finds.strays.append(path)


def sha256_of_file(path: Path) -> str:
    """Return a file's SHA-256 in hexadecimal; empty where it cannot be read."""
    with suppress(OSError), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
    return ""
