"""What came, put beside what is held: what may take whose place, and what the sidecar says then. No I/O.

1. A file that came takes the place of what was held, or lost, or missing under its name.
2. That none came takes nothing's place: what is there stays recorded, and so does the digest of what is lost.
3. Bytes that are no whole media take no other bytes' place (`refuse_damaged`).
4. Of two assets with the same bytes one at most points at the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from archiver.domain.identity import AssetName
from archiver.domain.sidecar import AssetRecord, AssetStatus, Verification, verification_of
from archiver.pipeline.fetch import AssetOutcome
from archiver.pipeline.item import HeldGeneration
from archiver.pipeline.records import record_not_offered, refuse_damaged

_Records = Mapping[AssetName, AssetRecord]


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """What a generation has come to."""

    committed: dict[AssetName, AssetRecord]
    """What its sidecar is to say."""
    reported: dict[AssetName, AssetRecord]
    """What is told of it: a lost asset is missing, whatever its standing record says."""
    outcomes: dict[AssetName, AssetOutcome]
    """What is to be committed of what came."""
    verification: Verification
    """How all stands together: with a lost asset incomplete, for all that its record says."""
    is_news: bool
    """Whether there is anything to commit: without it a sidecar with lost files stays as it is."""


def merge(held: HeldGeneration, found: _Records, outcomes: Mapping[AssetName, AssetOutcome]) -> Merged:
    """Put what was `found`, a record for each of the `outcomes` and perhaps more, beside what is held."""
    records, whole = refuse_damaged(found, outcomes, {**held.flagged, **held.lost})
    # A lost record without a path is not worth keeping, except the video's: a clip belongs here.
    worth = {name for name, record in held.lost.items() if record.path or name is AssetName.VIDEO}
    standing = {name: held.lost[name] for name in worth if not _is_had(records.get(name))}
    assets = {
        **{name: record for name, record in held.missing.items() if name not in held.lost},
        **records,
        **{name: record for name, record in held.records.items() if not _is_had(records.get(name))},
    }
    told = {name: records.get(name, record_not_offered()) for name in standing}
    reported = _in_order({**assets, **told})
    return Merged(
        committed=_with_true_twins(_in_order({**assets, **standing})),
        reported=reported,
        verification=verification_of(reported),
        outcomes=whole,
        is_news=not standing or any(map(_is_had, records.values())),
    )


def _is_had(record: AssetRecord | None) -> bool:
    return record is not None and record.status is not AssetStatus.MISSING


def _with_true_twins(assets: dict[AssetName, AssetRecord]) -> dict[AssetName, AssetRecord]:
    """Let no asset claim to share the bytes of one that has other ones now, or that points at another."""
    true: dict[AssetName, AssetRecord] = {}
    for name, record in assets.items():
        twin = assets.get(record.same_as) if record.same_as else None
        twin = true.get(record.same_as, twin) if record.same_as else None
        is_true = twin is not None and twin.sha256 == record.sha256 and twin.same_as is None
        true[name] = record if is_true else msgspec.structs.replace(record, same_as=None)
    return true


def _in_order(assets: _Records) -> dict[AssetName, AssetRecord]:
    return {name: assets[name] for name in AssetName if name in assets}
