"""What goes into a commit, and what a look at a generation on the disk finds."""

from __future__ import annotations

from dataclasses import dataclass

from msgspec import Struct

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
