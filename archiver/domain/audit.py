"""What an audit finds: whether the bytes on disk are still those that the sidecar records."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from archiver.domain.checks import Check, first_mismatch
from archiver.domain.errors import ErrorRecord
from archiver.domain.identity import AssetName, GenerationId
from archiver.domain.sidecar import AssetRecord, AssetStatus

_SHOWN_DIGITS = 12


class AuditStatus(StrEnum):
    """How an audit finds an asset."""

    INTACT = "intact"
    DAMAGED = "damaged"
    MISSING = "missing"
    MISMATCHED = "mismatched"
    REPAIRED = "repaired"

    @property
    def is_trouble(self) -> bool:
        """True where bytes are lost: damaged or missing."""
        return self in {AuditStatus.DAMAGED, AuditStatus.MISSING}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One asset as an audit found it; without an `asset` it is about the generation as a whole.

    `path` is relative to the archive, `size` counts the bytes that were read. `is_new` is for a mismatch that
    the sidecar does not know yet.
    """

    id: GenerationId
    asset: AssetName | None
    status: AuditStatus
    path: str | None = None
    size: int = 0
    error: ErrorRecord | None = None
    is_new: bool = False


@dataclass(slots=True, kw_only=True)
class AuditTally:
    """The counts of an audit. What is repaired counts as that alone."""

    counts: dict[AuditStatus, int] = field(default_factory=lambda: dict.fromkeys(AuditStatus, 0))
    unknown_files: int = 0
    new_mismatches: int = 0
    bytes_checked: int = 0

    def add(self, finding: Finding) -> None:
        """Count one asset."""
        self.counts[finding.status] += 1
        self.new_mismatches += finding.is_new
        self.bytes_checked += finding.size

    def repair(self, finding: Finding, *, is_new_mismatch: bool) -> None:
        """Count one asset anew that was damaged or missing, and is whole now, if perhaps not as promised."""
        self.counts[finding.status] -= 1
        self.counts[AuditStatus.REPAIRED] += 1
        self.new_mismatches += is_new_mismatch

    @property
    def exit_code(self) -> int:
        """The contract's code: 3 where bytes are lost, 4 where a mismatch was found that nobody knew of."""
        if any(self.counts[status] for status in AuditStatus if status.is_trouble):
            return 3
        return 4 if self.new_mismatches else 0


Judgement = tuple[AuditStatus, ErrorRecord | None]


def judge(record: AssetRecord, size: int | None, sha256: str | None) -> Judgement:
    """Hold a file against its record: its `size` in bytes, None where there is no file, and its SHA-256.

    A file of another size need not be hashed.
    """
    if record.status is AssetStatus.MISSING or record.path is None:
        reason = record.error or ErrorRecord(kind="missing", message="it could not be had")
        return AuditStatus.MISSING, reason
    if size is None:
        return AuditStatus.MISSING, ErrorRecord(kind="gone", message="its file is gone")
    if record.size is not None and size != record.size:
        return _damaged(f"it has {size} bytes, {record.size} are recorded")
    if record.sha256 is not None and sha256 != record.sha256:
        found = (sha256 or "none")[:_SHOWN_DIGITS]
        return _damaged(f"its bytes changed: SHA-256 {found}…, {record.sha256[:_SHOWN_DIGITS]}… is recorded")
    if record.status is AssetStatus.MISMATCHED:
        return AuditStatus.MISMATCHED, _mismatch(record.checks)
    return AuditStatus.INTACT, None


def judge_deeply(record: AssetRecord, checks: tuple[Check, ...]) -> Judgement:
    """Hold an intact file against what was promised of it."""
    error = _mismatch(checks)
    if error is None and record.status is not AssetStatus.MISMATCHED:
        return AuditStatus.INTACT, None
    return AuditStatus.MISMATCHED, error or _mismatch(record.checks)


def _damaged(message: str) -> Judgement:
    return AuditStatus.DAMAGED, ErrorRecord(kind="damaged", message=message)


def _mismatch(checks: tuple[Check, ...]) -> ErrorRecord | None:
    failed = first_mismatch(checks)
    return ErrorRecord(kind="mismatch", message=failed.difference) if failed else None
