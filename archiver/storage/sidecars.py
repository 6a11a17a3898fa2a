"""Sidecars on disk: read one, go through all."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import suppress

import msgspec
from msgspec import Struct

from archiver.domain.errors import LaterSchemaError, OtherGenerationError, SidecarError
from archiver.domain.naming import GENERATIONS, SIDECAR, UNDATED
from archiver.domain.sidecar import SCHEMA_VERSION, Sidecar, decode_sidecar
from archiver.storage.errors import MissingFileError, blaming, shown, translated
from archiver.storage.folder import Folder

# An answer has 8 MB at most, indented perhaps thrice that; a manifest's row is small.
_LONGEST_BYTES = 64_000_000
_YEAR, _MONTH, _UNDATED = re.compile(r"\d{4}"), re.compile(r"\d{2}"), re.compile(UNDATED)
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


class _Version(Struct):
    schema_version: int = 1


def read_sidecar(home: Folder) -> Sidecar | None:
    """Return the sidecar in a generation's open folder; None where there is none.

    Raises `SidecarError` where it cannot be used, `ArchiveError` where it cannot be read.
    """
    data = read_bytes(home)
    if data is None:
        return None
    return _decode(data, home.where(SIDECAR), generation_id=home.path.rpartition("/")[2])


def read_bytes(home: Folder) -> bytes | None:
    """Return the bytes of the sidecar in a generation's open folder; None where there is none.

    Raises `SidecarError` where it is none by its kind or size, `ArchiveError` where it cannot be read.
    """
    try:
        with blaming(lambda: home.stat(SIDECAR), stat.S_ISREG):
            descriptor = home.open_file(SIDECAR, os.O_RDONLY)
    except MissingFileError:
        return None
    path = home.where(SIDECAR)
    with translated("read", path), os.fdopen(descriptor, "rb", buffering=0) as file:
        size = os.fstat(descriptor).st_size
        data = file.readall() if size <= _LONGEST_BYTES else b""
    if size > _LONGEST_BYTES:
        msg = f"{shown(path)} is over {_LONGEST_BYTES} bytes: no sidecar is: move it away, then run again"
        raise SidecarError(msg)
    return data


def _decode(data: bytes, path: str, *, generation_id: str) -> Sidecar:
    try:
        sidecar = decode_sidecar(data)
    except ValueError as error:
        if _is_later(data):
            msg = f"{shown(path)} was written by a newer luma-archiver: update this one"
            raise LaterSchemaError(msg) from error
        mended = f"run `luma-archiver verify --repair {generation_id}`"
        msg = f"{shown(path)} is not a sidecar: {mended}, or restore the file from a backup"
        raise SidecarError(msg) from error
    if sidecar.id != generation_id:
        msg = f"{shown(path)} is about another generation, {sidecar.id[:128]!a}: move it to its folder"
        raise OtherGenerationError(msg)
    return sidecar


def _is_later(data: bytes) -> bool:
    try:
        return msgspec.json.decode(data, type=_Version).schema_version > SCHEMA_VERSION
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False


def generation_folders(root: Folder) -> Iterator[tuple[str, int]]:
    """Give the path of each generation's folder and when it changed (ns), in the order of the paths.

    Links and names that are not the archive's are passed over. Raises `ArchiveError`.
    """
    for month in _months(root):
        with suppress(MissingFileError), root.descend(month) as folder:
            for name, changed_ns in _subfolders(folder, _ID):
                yield f"{month}/{name}", changed_ns


def _months(root: Folder) -> list[str]:
    with suppress(MissingFileError), root.child(GENERATIONS) as folder:
        dated = [
            f"{GENERATIONS}/{year}/{month}"
            for year, _ in _subfolders(folder, _YEAR)
            for month in _months_of(folder, year)
        ]
        return [*dated, *(f"{GENERATIONS}/{name}" for name, _ in _subfolders(folder, _UNDATED))]
    return []


def _months_of(generations: Folder, year: str) -> list[str]:
    with generations.child(year) as folder:
        return [name for name, _ in _subfolders(folder, _MONTH)]


def _subfolders(folder: Folder, pattern: re.Pattern[str]) -> Iterator[tuple[str, int]]:
    """Give the real folders in one, sorted: names alone are held, a month may have a hundred thousand."""
    with translated("read", folder.path), os.scandir(folder.descriptor) as entries:
        names = sorted(entry.name for entry in entries if pattern.fullmatch(entry.name))
    for name in names:
        found = folder.stat(name)
        if found and stat.S_ISDIR(found.st_mode):
            yield name, found.st_mtime_ns
