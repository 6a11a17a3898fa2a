"""One generation as the index knows it, and as a row of the index's table."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import msgspec
from msgspec import Struct

from archiver.domain.answer import read_answer
from archiver.domain.errors import ArchiverError
from archiver.domain.identity import AssetName, GenerationId
from archiver.domain.sidecar import AssetRecord, AssetStatus, Sidecar, Verification
from archiver.storage.store import Footprint

# The columns, in the order of `IndexEntry`'s fields.
COLUMNS = (
    "id",
    "folder",
    "state",
    "verification",
    "created_at",
    "archived_at",
    "prompt",
    "aspect_ratio",
    "failure_reason",
    "row_digest",
    "bytes",
    "assets",
    "offered",
    "folder_mtime_ns",
    "sidecar_size",
)


BRIEF_COLUMNS = (
    *("id", "folder", "state", "verification", "assets", "offered", "folder_mtime_ns", "row_digest"),
    "failure_reason",
)


def digest_of_row(row: Mapping[str, Any]) -> int:
    """Return a number that tells one manifest row from another: 64 bits, signed, as SQLite holds them."""
    data = msgspec.json.encode(row, order="sorted")
    return int.from_bytes(blake2b(data, digest_size=8).digest(), signed=True)


class Brief(Struct, frozen=True, kw_only=True, gc=False):
    """An entry in brief: what tells whether there is anything to do, and no more."""

    id: GenerationId
    folder: str
    state: str
    verification: Verification
    assets: Mapping[AssetName, AssetStatus]
    offered: frozenset[AssetName]
    folder_mtime_ns: int
    row_digest: int | None
    failure_reason: str | None

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> Brief:
        """Return the brief in a row of `BRIEF_COLUMNS`."""
        return cls(
            id=row[0],
            folder=row[1],
            state=row[2],
            verification=Verification(row[3]),
            assets=_decode_assets(row[4]),
            offered=_decode_offered(row[5]),
            folder_mtime_ns=row[6],
            row_digest=row[7],
            failure_reason=row[8],
        )


class IndexEntry(Struct, frozen=True, kw_only=True):
    """A sidecar in short. `size` counts bytes on disk, shared ones once; `offered` is what the answer has.

    `row_digest` is its manifest row's; None where that is not known.
    """

    id: GenerationId
    folder: str
    state: str
    verification: Verification
    created_at: str | None
    archived_at: str
    prompt: str | None
    aspect_ratio: str | None
    failure_reason: str | None
    row_digest: int | None
    size: int
    assets: Mapping[AssetName, AssetStatus]
    offered: frozenset[AssetName]
    footprint: Footprint

    @classmethod
    def of(cls, sidecar: Sidecar, folder: str, footprint: Footprint) -> IndexEntry:
        """Return the entry for a sidecar in `folder`."""
        return cls(
            id=GenerationId(sidecar.id),
            folder=folder,
            state=sidecar.state,
            verification=sidecar.verification,
            created_at=sidecar.created_at,
            archived_at=sidecar.archived_at,
            prompt=sidecar.prompt,
            aspect_ratio=sidecar.aspect_ratio,
            failure_reason=sidecar.failure_reason,
            row_digest=digest_of_row(sidecar.manifest_row),
            size=_size(sidecar.assets),
            assets={name: record.status for name, record in sidecar.assets.items()},
            offered=offered_by(sidecar),
            footprint=footprint,
        )

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> IndexEntry:
        """Return the entry in a row of `COLUMNS`."""
        return cls(
            id=row[0],
            folder=row[1],
            state=row[2],
            verification=Verification(row[3]),
            created_at=row[4],
            archived_at=row[5],
            prompt=row[6],
            aspect_ratio=row[7],
            failure_reason=row[8],
            row_digest=row[9],
            size=row[10],
            assets=_decode_assets(row[11]),
            offered=_decode_offered(row[12]),
            footprint=Footprint(folder_mtime_ns=row[13], sidecar_size=row[14]),
        )

    @property
    def brief(self) -> Brief:
        """The entry in brief."""
        return Brief(
            id=self.id,
            folder=self.folder,
            state=self.state,
            verification=self.verification,
            assets=self.assets,
            offered=self.offered,
            folder_mtime_ns=self.footprint.folder_mtime_ns,
            row_digest=self.row_digest,
            failure_reason=self.failure_reason,
        )

    def to_row(self) -> tuple[Any, ...]:
        """Return the row of `COLUMNS` for this entry."""
        return (
            self.id,
            self.folder,
            self.state,
            self.verification.value,
            self.created_at,
            self.archived_at,
            self.prompt,
            self.aspect_ratio,
            self.failure_reason,
            self.row_digest,
            self.size,
            msgspec.json.encode(self.assets).decode(),
            msgspec.json.encode([name for name in AssetName if name in self.offered]).decode(),
            self.footprint.folder_mtime_ns,
            self.footprint.sidecar_size,
        )


def _size(assets: Mapping[AssetName, AssetRecord]) -> int:
    return sum(record.size or 0 for record in assets.values() if record.same_as not in assets)


def offered_by(sidecar: Sidecar) -> frozenset[AssetName]:
    """Return the assets that the answer has; of an answer that cannot be read, those that are recorded."""
    try:
        generation = read_answer(bytes(sidecar.response), GenerationId(sidecar.id))
    except ArchiverError:
        return frozenset(sidecar.assets)
    return frozenset(generation.assets)


_ASSETS = msgspec.json.Decoder(dict[AssetName, AssetStatus])
_OFFERED = msgspec.json.Decoder(frozenset[AssetName])


# A hundred thousand rows hold the same few texts, and share what they say: nobody changes it.
@lru_cache(maxsize=1024)
def _decode_assets(text: str) -> Mapping[AssetName, AssetStatus]:
    return _ASSETS.decode(text)


@lru_cache(maxsize=1024)
def _decode_offered(text: str) -> frozenset[AssetName]:
    return _OFFERED.decode(text)
