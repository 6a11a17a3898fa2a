"""What a place that keeps an archive can do: a folder of files here, a bucket elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from archiver.domain.errors import SidecarError
from archiver.domain.identity import AssetName
from archiver.domain.sidecar import Sidecar


@dataclass(frozen=True, slots=True)
class Link:
    """A file with the bytes of another one, `to`, in the same generation's folder."""

    to: str


class Footprint(Struct, frozen=True, kw_only=True):
    """What changes whenever a name in a generation's folder does; a size in bytes."""

    folder_mtime_ns: int
    sidecar_size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What a closer look at a generation found: its sidecar, and the assets whose files are there whole.

    `present` goes by sizes; whether the bytes are right only their SHA-256 tells.
    """

    sidecar: Sidecar
    present: frozenset[AssetName]


class Store(Protocol):
    """Keeps generations. Blocking: call it in a thread. Every method raises `ArchiveError`."""

    def commit(self, folder: str, sidecar: Sidecar, staged: Mapping[str, Path | Link]) -> Footprint:
        """Make the staged files final under their names, then the sidecar; no sidecar ever lies."""

    def read_sidecar(self, folder: str) -> Sidecar | None:
        """Return a generation's sidecar; None where it has none. Raises `SidecarError`, too."""

    def sidecars(self) -> Iterator[tuple[str, Sidecar | SidecarError]]:
        """Go through all generations by folder; a sidecar that cannot be used comes as its error."""

    def survey(self, folder: str) -> Survey | None:
        """Look closer at a generation; None where it has no sidecar. Raises `SidecarError`, too."""
