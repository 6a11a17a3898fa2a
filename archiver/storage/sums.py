"""`SHA256SUMS`: every file's digest as its sidecar records it, for `sha256sum -c`, without this program."""

from __future__ import annotations

from collections.abc import Iterator

from archiver.domain.errors import SidecarError
from archiver.domain.naming import SUMS
from archiver.domain.sidecar import Sidecar
from archiver.storage.archive import Archive
from archiver.storage.linefile import LineFile


def write_sums(archive: Archive) -> None:
    """Write it anew, in one step. Sidecars are not in it: they change when there is more to say.

    Raises `ArchiveError`.
    """
    LineFile(archive.root, SUMS).replace(
        line
        for folder, sidecar in archive.sidecars()
        if not isinstance(sidecar, SidecarError)
        for line in _lines(folder, sidecar)
    )


def _lines(folder: str, sidecar: Sidecar) -> Iterator[bytes]:
    for record in sidecar.assets.values():
        if record.file_name is not None and record.sha256 is not None:
            # Two spaces: coreutils' form; our names have nothing in them that it would escape.
            yield f"{record.sha256}  {folder}/{record.file_name}".encode()
