"""What the service made, as far as an answer tells: unknown values are None."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from archiver.domain.errors import ErrorRecord
from archiver.domain.identity import AssetName, GenerationId, MediaUrl


class State(StrEnum):
    """Where a generation stands at the service."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"

    @property
    def is_final(self) -> bool:
        """True where the service will not change it any more."""
        return self in {State.COMPLETED, State.FAILED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What the metadata say of an asset: pixels, seconds, and a palette of 75 bytes (5x5 RGB)."""

    width: int | None = None
    height: int | None = None
    duration_s: float | None = None
    palette: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One file of a generation: where it can be fetched, or why it cannot."""

    name: AssetName
    url: MediaUrl | None
    promise: Promise = Promise()
    error: ErrorRecord | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """One answer of the API, understood.

    `response` is the answer as it came: JSON bytes, UTF-8.
    """

    id: GenerationId
    state: State
    created_at: datetime | None
    prompt: str | None
    aspect_ratio: str | None
    failure_reason: str | None
    assets: Mapping[AssetName, Asset]
    response: bytes

    @property
    def promises(self) -> dict[AssetName, Promise]:
        """What the metadata say of each asset."""
        return {name: asset.promise for name, asset in self.assets.items()}
