"""One generation to archive, and what the archive has of it already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from archiver.domain.generation import Generation
from archiver.domain.identity import AssetName, GenerationId
from archiver.domain.naming import folder_of
from archiver.domain.sidecar import AssetRecord, AssetStatus
from archiver.storage.entries import Brief
from archiver.storage.store import Survey

_Records = Mapping[AssetName, AssetRecord]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldGeneration:
    """What the archive has of a generation: its folder, None where there is none, and its assets' records."""

    folder: str | None = None
    assets: _Records = field(default_factory=dict)
    """Those that are there, and are not fetched again."""
    flagged: _Records = field(default_factory=dict)
    """Those that are fetched again, and kept where they cannot be had better."""
    unverified: _Records = field(default_factory=dict)
    """Those that nobody has looked into yet, and that are looked into now."""
    lost: _Records = field(default_factory=dict)
    """Those whose bytes are damaged or gone: each record stands until better bytes have come."""
    missing: _Records = field(default_factory=dict)
    """Those that could not be had: each record stands until somebody asks for it again."""

    @classmethod
    def of(cls, folder: str, survey: Survey) -> HeldGeneration:
        """Return what a look at a generation's folder found."""
        there, gone = dict[AssetName, AssetRecord](), dict[AssetName, AssetRecord]()
        missing = dict[AssetName, AssetRecord]()
        for name, record in survey.sidecar.assets.items():
            is_missing = record.status is AssetStatus.MISSING
            group = missing if is_missing else there if name in survey.present else gone
            group[name] = record
        return cls(folder=folder, assets=there, lost=gone, missing=missing)

    @property
    def kept(self) -> frozenset[AssetName]:
        """Those that are not fetched again."""
        return frozenset(self.assets.keys() | self.unverified.keys())

    @property
    def records(self) -> dict[AssetName, AssetRecord]:
        """All whose files are there."""
        return {**self.flagged, **self.unverified, **self.assets}


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One generation to archive: `row` holds the manifest's columns, `saved_answer` spares the question."""

    id: GenerationId
    row: Mapping[str, Any] = field(default_factory=dict)
    saved_answer: bytes | None = None
    held: HeldGeneration = field(default_factory=HeldGeneration)
    standing_answer: bytes | None = None
    """What its sidecar has of the service's: it spares the question, where it can be read."""
    resolved_at: datetime | None = None
    """When the service answered, or a saved answer was read."""
    declined: frozenset[AssetName] = frozenset()
    """Those that were not wanted when it was archived, and are not fetched now."""

    is_narrow: bool = False
    """Whether what was begun is finished alone: nobody has asked for more since."""
    amends: Brief | None = None
    """What the index has of it where it is archived, and its sidecar is to have the columns of `row`."""

    def folder_for(self, generation: Generation) -> str:
        """Return the folder in the archive: the one it has, or the one where it belongs."""
        return self.held.folder or folder_of(self.id, generation.created_at)
