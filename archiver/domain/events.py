"""What happens during a run, as frozen values for one observer: bars, `--json` and tests are three."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from archiver.domain.audit import Finding
from archiver.domain.errors import ErrorRecord
from archiver.domain.identity import AssetName, GenerationId
from archiver.domain.outcome import GenerationResult


@dataclass(frozen=True, slots=True)
class GenerationFinished:
    """A generation came to its end in this run."""

    result: GenerationResult


@dataclass(frozen=True, slots=True)
class RowRejected:
    """A manifest's row could not be used; `line` counts from 1."""

    file: str
    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class AssetStarted:
    """A body begins; `total` bytes are expected, `held` of them are on disk already."""

    id: GenerationId
    asset: AssetName
    total: int | None
    held: int


@dataclass(frozen=True, slots=True)
class BytesReceived:
    """Bytes of a body arrived."""

    count: int


@dataclass(frozen=True, slots=True)
class RetryScheduled:
    """Something failed and is tried again after a pause."""

    id: GenerationId
    what: str
    error: ErrorRecord
    delay_s: float


@dataclass(frozen=True, slots=True)
class GenerationWaiting:
    """A generation is unfinished at the service and is asked for again after a pause."""

    id: GenerationId
    state: str
    delay_s: float


@dataclass(frozen=True, slots=True)
class Noticed:
    """Something a person may want to know that concerns no single generation."""

    message: str


@dataclass(frozen=True, slots=True)
class ConcurrencyChanged:
    """From now on so many assets are in flight at most: of one host, which pushes back, or of all."""

    limit: int
    host: str | None


@dataclass(frozen=True, slots=True)
class GenerationPlanned:
    """With `--dry-run`: the folder and the files that would come, with their sizes in bytes where known."""

    id: GenerationId
    path: str
    assets: Mapping[AssetName, int | None]


@dataclass(frozen=True, slots=True)
class AuditBegan:
    """An audit begins: so many generations and bytes are to be looked at, where that is known."""

    generations: int
    size: int


@dataclass(frozen=True, slots=True)
class AssetAudited:
    """An asset was held against its sidecar."""

    finding: Finding


@dataclass(frozen=True, slots=True)
class FileUnknown:
    """A file lies in the archive that no sidecar records; `path` is relative to it."""

    path: str


@dataclass(frozen=True, slots=True)
class GenerationAudited:
    """All of a generation was looked at; so many bytes were read."""

    id: GenerationId
    size: int


Event = (
    GenerationFinished
    | RowRejected
    | AssetStarted
    | BytesReceived
    | RetryScheduled
    | GenerationWaiting
    | Noticed
    | ConcurrencyChanged
    | GenerationPlanned
    | AuditBegan
    | AssetAudited
    | FileUnknown
    | GenerationAudited
)


class Observer(Protocol):
    """Whoever watches a run."""

    def __call__(self, event: Event, /) -> None:
        """Take note of one event; it must not block."""
