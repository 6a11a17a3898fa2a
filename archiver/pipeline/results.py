"""What became of a generation, summed up from the records of its assets. No I/O."""

from __future__ import annotations

from collections.abc import Mapping

from archiver.domain.checks import first_mismatch
from archiver.domain.errors import ErrorRecord
from archiver.domain.generation import Generation, State
from archiver.domain.identity import AssetName, GenerationId
from archiver.domain.outcome import GenerationResult, Outcome, failure
from archiver.domain.sidecar import AssetRecord, AssetStatus
from archiver.pipeline.records import NOT_OFFERED
from archiver.storage.entries import Brief


def failed_result(generation: Generation) -> GenerationResult:
    """Return the result for a generation that failed upstream, as far as nothing of it is there."""
    return GenerationResult(
        id=generation.id,
        state=generation.state,
        outcome=Outcome.FAILED,
        error=failure(generation.failure_reason),
    )


def summed_up(
    generation_id: GenerationId, folder: str, assets: Mapping[AssetName, AssetRecord], bytes_fetched: int
) -> GenerationResult:
    """Return the result of a generation that is archived, as far as it is, with these records."""
    statuses = {name: record.status for name, record in assets.items()}
    outcome, error = Outcome.ARCHIVED, None
    if AssetStatus.MISSING in statuses.values():
        outcome, error = Outcome.INCOMPLETE, _first_missing(assets)
    elif AssetStatus.MISMATCHED in statuses.values():
        outcome, error = Outcome.MISMATCHED, _first_mismatch(assets)
    return GenerationResult(
        id=generation_id,
        state=State.COMPLETED,
        outcome=outcome,
        path=folder,
        bytes_fetched=bytes_fetched,
        assets=statuses,
        error=error,
    )


def unchanged_result(brief: Brief) -> GenerationResult:
    """Return the result of a generation that is archived already, and final."""
    error = failure(brief.failure_reason) if brief.state == State.FAILED else None
    return GenerationResult(
        id=brief.id,
        state=brief.state,
        outcome=Outcome.UNCHANGED,
        path=brief.folder,
        assets=brief.assets,
        error=error,
    )


def unusable_result(brief: Brief, error: ErrorRecord) -> GenerationResult:
    """Return the result of an archived generation whose folder or sidecar cannot be worked with."""
    return GenerationResult(
        id=brief.id, state=brief.state, outcome=Outcome.ERROR, path=brief.folder, error=error
    )


def _first_missing(assets: Mapping[AssetName, AssetRecord]) -> ErrorRecord:
    name, record = next(pair for pair in assets.items() if pair[1].status is AssetStatus.MISSING)
    error = record.error or NOT_OFFERED
    return ErrorRecord(kind=error.kind, message=f"{name}: {error.message}")


def _first_mismatch(assets: Mapping[AssetName, AssetRecord]) -> ErrorRecord:
    name, record = next(pair for pair in assets.items() if pair[1].status is AssetStatus.MISMATCHED)
    check = first_mismatch(record.checks)
    return ErrorRecord(kind="mismatch", message=f"{name}: {check.difference}" if check else name)
