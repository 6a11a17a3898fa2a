"""What became of a generation, what became of a run, and the exit code that says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from msgspec import Struct

from archiver.domain.audit import AuditTally
from archiver.domain.errors import ErrorRecord, RunError
from archiver.domain.identity import AssetName, GenerationId
from archiver.domain.sidecar import AssetStatus


class Outcome(StrEnum):
    """What a run did about one generation."""

    ARCHIVED = "archived"
    UNCHANGED = "unchanged"
    MISMATCHED = "mismatched"
    INCOMPLETE = "incomplete"
    FAILED = "failed"
    PENDING = "pending"
    ERROR = "error"


def failure(reason: str | None) -> ErrorRecord:
    """Return the error of a generation that failed upstream, for the service's reason."""
    return ErrorRecord(kind="failed", message=reason or "the service gives no reason")


class GenerationResult(Struct, frozen=True, kw_only=True, gc=False):
    """One generation's end in a run; `path` is its folder in the archive, `bytes_fetched` came by network."""

    id: GenerationId
    state: str
    outcome: Outcome
    path: str | None = None
    bytes_fetched: int = 0
    seconds: float = 0.0
    assets: Mapping[AssetName, AssetStatus] = {}
    error: ErrorRecord | None = None


@dataclass(slots=True, kw_only=True)
class Tally:
    """The counts of a run, by outcome, and of the rows that could not be read."""

    counts: dict[Outcome, int] = field(default_factory=lambda: dict.fromkeys(Outcome, 0))
    bad_rows: int = 0
    bytes_fetched: int = 0
    planned: int = 0
    """Generations that `--dry-run` would have fetched."""
    left_over: str | None = None
    """Why the run stopped taking work while some was left (a budget), or None."""
    first_left: GenerationId | None = None
    """One that was left over, where that is known."""
    audit: AuditTally | None = None
    """What an audit counted, for the runs that are one."""

    def add(self, result: GenerationResult) -> None:
        """Count one generation."""
        self.counts[result.outcome] += 1
        self.bytes_fetched += result.bytes_fetched

    @property
    def exit_code(self) -> int:
        """The contract's code: 3 (incomplete) wins over 4 (mismatched) over 0."""
        if self.left_over:
            return 3
        if self.audit:
            # An audit speaks of assets: what sidecars knew of their generations before is no news.
            return self.audit.exit_code
        unfinished = (Outcome.INCOMPLETE, Outcome.FAILED, Outcome.ERROR)
        if self.bad_rows or any(self.counts[outcome] for outcome in unfinished):
            return 3
        return 4 if self.counts[Outcome.MISMATCHED] else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """A run's end; `error` is what stopped it before its work was done, or None."""

    tally: Tally
    seconds: float
    error: RunError | None = None

    @property
    def exit_code(self) -> int:
        """The contract's code; what stopped the run wins over what became of its generations."""
        return self.error.exit_code if self.error else self.tally.exit_code
