"""What the sidecar says of each asset, from what was promised and what came. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from archiver.domain.checks import Check, Damaged, Measurement, check_asset
from archiver.domain.errors import ErrorRecord, WrongBodyError
from archiver.domain.generation import Generation, Promise
from archiver.domain.identity import AssetName
from archiver.domain.naming import file_name
from archiver.domain.sidecar import AssetRecord, AssetStatus, Expected, Measured
from archiver.domain.timing import show_timestamp
from archiver.pipeline.fetch import AssetOutcome, Fetched, NotHad

NOT_OFFERED = ErrorRecord(kind="not_offered", message="the API's answer has no URL for it")


def record_assets(
    generation: Generation, outcomes: Mapping[AssetName, AssetOutcome], *, verify: bool
) -> dict[AssetName, AssetRecord]:
    """Return a record for each outcome, checked against the generation's promises where `verify` is set."""
    return {name: _record(generation, name, outcome, verify) for name, outcome in outcomes.items()}


def refuse_damaged(
    records: Mapping[AssetName, AssetRecord],
    outcomes: Mapping[AssetName, AssetOutcome],
    standing: Mapping[AssetName, AssetRecord],
) -> tuple[dict[AssetName, AssetRecord], dict[AssetName, AssetOutcome]]:
    """Return records and outcomes, where bytes that are no whole media take no place of others.

    What stands may be damaged, or not as promised; a placeholder or a stump in its place would be a loss. The
    very bytes that the sidecar records are welcome, whatever they are.
    """
    flaws = {name: flaw for name, outcome in outcomes.items() if (flaw := _flaw(name, outcome))}
    refused = {
        name for name in flaws.keys() & standing.keys() if records[name].sha256 != standing[name].sha256
    }
    refused |= {
        name
        for name, outcome in outcomes.items()
        if isinstance(outcome, Fetched) and outcome.same_as in refused
    }
    told = {name: _refused(records[name], _flaw_of_either(name, outcomes, flaws)) for name in refused}
    return {**records, **told}, {name: outcomes[name] for name in outcomes if name not in refused}


def _flaw(name: AssetName, outcome: AssetOutcome) -> str | None:
    """Return what a file is in place of whole media of its kind, or None."""
    if not isinstance(outcome, Fetched):
        return None
    found = outcome.file.inspection
    if isinstance(found, Damaged):
        return f"{found.kind.media_type}: {found.reason}"
    return None if found.kind.is_video == name.is_video else found.kind.media_type


def _flaw_of_either(
    name: AssetName, outcomes: Mapping[AssetName, AssetOutcome], flaws: Mapping[AssetName, str]
) -> str:
    """Return an asset's flaw, or that of the one whose file it shares."""
    outcome = outcomes[name]
    twin = outcome.same_as if isinstance(outcome, Fetched) else None
    return flaws.get(name) or flaws[twin or name]


def _refused(record: AssetRecord, flaw: str) -> AssetRecord:
    error = ErrorRecord(
        kind=WrongBodyError.kind, message=f"the host has nothing whole ({flaw}): what is there stays"
    )
    return AssetRecord(status=AssetStatus.MISSING, url=record.url, expected=record.expected, error=error)


def record_not_offered() -> AssetRecord:
    """Return the record of an asset that every completed generation has, and this answer has not."""
    return AssetRecord(status=AssetStatus.MISSING, error=NOT_OFFERED)


def _record(generation: Generation, name: AssetName, outcome: AssetOutcome, verify: bool) -> AssetRecord:  # noqa: FBT001 - private
    asset = generation.assets[name]
    expected = _expected(asset.promise)
    match outcome:
        case NotHad(error):
            url = asset.url.full if asset.url else None
            return AssetRecord(status=AssetStatus.MISSING, url=url, expected=expected, error=error)
        case Fetched():
            return _record_fetched(generation, name, outcome, _checks(generation, name, outcome, verify))


def _record_fetched(
    generation: Generation, name: AssetName, outcome: Fetched, checks: tuple[Check, ...]
) -> AssetRecord:
    file = outcome.file
    return AssetRecord(
        status=status_of(checks),
        path=file_name(name, file.inspection.kind),
        url=file.url.full,
        size=file.size,
        sha256=file.sha256,
        media_type=file.inspection.kind.media_type,
        etag=file.validator.etag,
        last_modified=file.validator.last_modified,
        downloaded_at=show_timestamp(file.finished_at),
        same_as=outcome.same_as,
        expected=_expected(generation.assets[name].promise),
        measured=_measured(file.inspection),
        checks=checks,
    )


def status_of(checks: Iterable[Check]) -> AssetStatus:
    """Return what a file's checks make of it; advisory ones are not asked."""
    binding = [check.ok for check in checks if not check.advisory]
    if not binding:
        return AssetStatus.UNVERIFIED
    return AssetStatus.VERIFIED if all(binding) else AssetStatus.MISMATCHED


def _checks(generation: Generation, name: AssetName, outcome: Fetched, verify: bool) -> tuple[Check, ...]:  # noqa: FBT001 - private
    if not verify:
        return ()
    return check_asset(name, generation.promises, outcome.file.inspection) + outcome.deep


def _expected(promise: Promise) -> Expected:
    return Expected(width=promise.width, height=promise.height, duration=promise.duration_s)


def _measured(found: Measurement | Damaged) -> Measured | None:
    if isinstance(found, Damaged):
        return None
    return Measured(
        width=found.width,
        height=found.height,
        duration=None if found.duration_s is None else round(found.duration_s, 6),
        codec=found.codec,
        frame_rate=found.frame_rate,
        frames=found.frames,
    )
