"""A generation's sidecar, and which staged file becomes which asset. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from msgspec import Raw

from archiver.domain.generation import Generation
from archiver.domain.identity import AssetName
from archiver.domain.sidecar import AssetRecord, Sidecar, Source, Verification
from archiver.domain.timing import show_timestamp
from archiver.pipeline.fetch import AssetOutcome, Fetched
from archiver.storage.store import Link
from archiver.version import __version__


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Who answered and when, and the manifest's row that asked."""

    provider: str
    api_base: str
    archived_at: datetime
    resolved_at: datetime
    row: Mapping[str, Any]


def compose_sidecar(
    generation: Generation,
    assets: dict[AssetName, AssetRecord],
    verification: Verification,
    provenance: Provenance,
) -> Sidecar:
    """Return the record of a generation with these assets; without any it is a tombstone."""
    created_at = generation.created_at
    return Sidecar(
        id=generation.id,
        state=generation.state,
        created_at=show_timestamp(created_at) if created_at else None,
        prompt=generation.prompt,
        aspect_ratio=generation.aspect_ratio,
        failure_reason=generation.failure_reason,
        archived_at=show_timestamp(provenance.archived_at),
        archiver_version=__version__,
        source=Source(
            provider=provenance.provider,
            api_base=provenance.api_base,
            resolved_at=show_timestamp(provenance.resolved_at),
        ),
        verification=verification,
        assets=assets,
        manifest_row=dict(provenance.row),
        response=Raw(generation.response),
    )


def staged_files(
    assets: Mapping[AssetName, AssetRecord], outcomes: Mapping[AssetName, AssetOutcome]
) -> dict[str, Path | Link]:
    """Return what becomes each new file of the folder: a staged file, or a link to another asset's."""
    staged: dict[str, Path | Link] = {}
    for name, outcome in outcomes.items():
        path = assets[name].path
        if not isinstance(outcome, Fetched) or path is None:
            continue
        twin = assets[outcome.same_as].path if outcome.same_as else None
        staged[path] = Link(twin) if twin else outcome.file.path
    return staged
