"""The archive's own files as a dataset takes them: opened through no symbolic link."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO

from archiver.dataset.example import Example, example_of
from archiver.dataset.media import LostSampleError, MediaFile
from archiver.domain.errors import ArchiveError
from archiver.domain.identity import AssetName
from archiver.domain.naming import SIDECAR
from archiver.domain.sidecar import Sidecar, decode_sidecar
from archiver.storage.errors import archive_error
from archiver.storage.folder import Folder


def original_files(root: Path, example: Example, names: Iterable[AssetName]) -> tuple[MediaFile, ...]:
    """Return a generation's files: those with these names, in their order. Nothing is opened yet.

    Raises `KeyError` for a name of which the example has no file.
    """
    return tuple(
        MediaFile(
            field=name.value,
            extension=file.extension,
            size=file.size,
            sha256=file.sha256,
            path=root.absolute() / example.folder / file.name,
            opened=partial(open_original, root, example.folder, file.name),
        )
        for name, file in ((name, example.assets[name]) for name in names)
    )


def sidecar_file(root: Path, example: Example) -> MediaFile:
    """Return a generation's sidecar as it lies there, as the file of the field `sidecar`.

    Raises `LostSampleError` where it is gone, or says by now something else than the example does.
    """
    data, _ = read_unchanged(root, example)
    return MediaFile(
        field="sidecar",
        extension="json",
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        path=root.absolute() / example.folder / SIDECAR,
        opened=partial(open_original, root, example.folder, SIDECAR),
    )


def read_unchanged(root: Path, example: Example) -> tuple[bytes, Sidecar]:
    """Return a generation's sidecar, as bytes and read.

    Raises `LostSampleError` where it is gone, or says by now something else than the example does.
    """
    path = f"{example.folder}/{SIDECAR}"
    try:
        with open_original(root, example.folder, SIDECAR) as file:
            data = file.read()
    except OSError as error:
        raise LostSampleError(archive_error(error, "read", path).message) from error
    with suppress(ValueError):
        sidecar = decode_sidecar(data)
        if example_of(sidecar, example.folder) == example:
            return data, sidecar
    msg = f"{path} was changed during the export: run it again"
    raise LostSampleError(msg)


def open_original(root: Path, folder: str, name: str) -> BinaryIO:
    """Open a file of a generation for unbuffered reading.

    Raises `LostSampleError` where that cannot be done, and `ArchiveError` where the archive itself is gone.
    """
    with Folder.open_root(root) as top:
        try:
            with top.descend(folder) as home:
                descriptor = home.open_file(name, os.O_RDONLY)
        except ArchiveError as error:
            raise LostSampleError(error.message) from error
    return os.fdopen(descriptor, "rb", buffering=0)
