"""What an export tells whoever watches it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from archiver.dataset.record import FileRecord
from archiver.domain.identity import GenerationId


@dataclass(frozen=True, slots=True)
class ExportPlanned:
    """So many samples will be written."""

    samples: int


@dataclass(frozen=True, slots=True)
class ExportNoticed:
    """Something that a person should know of what the dataset will be, or of DEST."""

    message: str


@dataclass(frozen=True, slots=True)
class SampleTaken:
    """The files of a sample are being read."""

    id: GenerationId


@dataclass(frozen=True, slots=True)
class SampleLost:
    """A sample that was wanted is left out."""

    id: GenerationId
    reason: str


@dataclass(frozen=True, slots=True)
class FileWritten:
    """A file of the dataset is whole, aside; `is_held` where an earlier run had written it."""

    file: FileRecord
    is_held: bool


ExportEvent = ExportPlanned | ExportNoticed | SampleTaken | SampleLost | FileWritten
ExportObserver = Callable[[ExportEvent], None]
