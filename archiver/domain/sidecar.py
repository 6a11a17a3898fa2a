"""The sidecar: the JSON record beside a generation's files, schema version 1.

`archiver/domain/sidecar.schema.json` is its JSON Schema, `docs/formats.md` its description.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Raw, Struct

from archiver.domain.checks import Check
from archiver.domain.errors import ErrorRecord
from archiver.domain.identity import AssetName
from archiver.domain.naming import is_name

SCHEMA_VERSION = 1


class AssetStatus(StrEnum):
    """How an asset stands."""

    VERIFIED = "verified"
    MISMATCHED = "mismatched"
    UNVERIFIED = "unverified"
    MISSING = "missing"


class Verification(StrEnum):
    """How a generation stands, all its assets together."""

    VERIFIED = "verified"
    MISMATCHED = "mismatched"
    INCOMPLETE = "incomplete"
    UNVERIFIED = "unverified"


# No more than the index can hold (sqlite.org/datatype3.html): only a sidecar that was edited has more.
Whole = Annotated[int, Meta(le=(1 << 63) - 1)]


class Expected(Struct, frozen=True, kw_only=True):
    """What the metadata promised: pixels and seconds."""

    width: Whole | None = None
    height: Whole | None = None
    duration: float | None = None


class Measured(Struct, frozen=True, kw_only=True):
    """What the file holds: pixels as shown, seconds, frames."""

    width: Whole | None = None
    height: Whole | None = None
    duration: float | None = None
    codec: str | None = None
    frame_rate: str | None = None
    frames: Whole | None = None


class AssetRecord(Struct, frozen=True, kw_only=True):
    """One asset: its file (`path` is a name in the sidecar's folder), where it came from, what was found."""

    status: AssetStatus
    path: str | None = None
    url: str | None = None
    size: Whole | None = None
    sha256: str | None = None
    media_type: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    downloaded_at: str | None = None
    same_as: AssetName | None = None
    expected: Expected = Expected()
    measured: Measured | None = None
    error: ErrorRecord | None = None
    checks: tuple[Check, ...] = ()

    @property
    def file_name(self) -> str | None:
        """Its file's name; None where it has no file, or where its path, edited by hand, leads elsewhere."""
        return self.path if self.path and is_name(self.path) else None


class Source(Struct, frozen=True, kw_only=True):
    """Who answered, where, when."""

    provider: str
    api_base: str
    resolved_at: str


class Sidecar(Struct, frozen=True, kw_only=True):
    """The record of one generation."""

    schema_version: int = SCHEMA_VERSION
    id: str
    state: str
    created_at: str | None
    prompt: str | None
    aspect_ratio: str | None
    failure_reason: str | None
    archived_at: str
    archiver_version: str
    source: Source
    verification: Verification
    assets: dict[AssetName, AssetRecord]
    manifest_row: dict[str, Any]
    response: Raw


def merged_row(standing: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row with the columns of both; of two values the new one counts, but for an empty cell."""
    told = {name: value for name, value in new.items() if not _is_empty(value) or name not in standing}
    return {**standing, **told}


def _is_empty(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value)


def with_row(sidecar: bytes, row: Mapping[str, Any]) -> bytes:
    """Return a sidecar's JSON with another manifest row; all else stays to the letter, unknown keys too."""
    fields = msgspec.json.decode(sidecar, type=dict[str, Raw])
    fields["manifest_row"] = Raw(msgspec.json.encode(row))
    return msgspec.json.format(msgspec.json.encode(fields), indent=2) + b"\n"


def encode_sidecar(sidecar: Sidecar) -> bytes:
    """Return the sidecar as indented JSON ending in a newline; the answer's numbers stay as they came."""
    return msgspec.json.format(msgspec.json.encode(sidecar), indent=2) + b"\n"


def decode_sidecar(data: bytes) -> Sidecar:
    """Return the sidecar in `data`. Raises `ValueError` where it is none, or of a later schema."""
    try:
        sidecar = _DECODER.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(str(error)) from error
    if sidecar.schema_version > SCHEMA_VERSION:
        msg = f"schema version {sidecar.schema_version} is newer than this program's {SCHEMA_VERSION}"
        raise ValueError(msg)
    return sidecar


def verification_of(assets: dict[AssetName, AssetRecord]) -> Verification:
    """Return how a generation stands: the worst of its assets."""
    statuses = {record.status for record in assets.values()}
    if AssetStatus.MISSING in statuses:
        return Verification.INCOMPLETE
    if AssetStatus.MISMATCHED in statuses:
        return Verification.MISMATCHED
    if AssetStatus.UNVERIFIED in statuses or not statuses:
        return Verification.UNVERIFIED
    return Verification.VERIFIED


_DECODER = msgspec.json.Decoder(Sidecar)
