"""Events and reports to feed to outputs."""

from __future__ import annotations

from datetime import UTC, datetime

from archiver.domain.errors import ErrorRecord, RunError
from archiver.domain.events import GenerationFinished
from archiver.domain.identity import AssetName, GenerationId
from archiver.domain.outcome import GenerationResult, Outcome, RunReport, Tally
from archiver.domain.sidecar import AssetStatus

ID = GenerationId("4665a07c-7641-4809-a133-10786201bb56")
PATH = f"generations/2024/12/{ID}"


class HandClock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def now(self) -> datetime:
        """Return a moment of the sample's day."""
        return datetime(2024, 12, 22, 13, 38, 40, tzinfo=UTC)

    def monotonic_s(self) -> float:
        """Return what it was set to."""
        return self.seconds

    def jitter(self) -> float:
        """Return no jitter."""
        return 0.0

    async def sleep(self, seconds: float) -> None:
        """Go on at once."""
        self.seconds += seconds


def finished(outcome: Outcome, error: str | None = None) -> GenerationFinished:
    """Return the end of a generation of which one asset stands as the outcome says."""
    status = {Outcome.MISMATCHED: AssetStatus.MISMATCHED, Outcome.INCOMPLETE: AssetStatus.MISSING}
    result = GenerationResult(
        id=ID,
        state="processing" if outcome is Outcome.PENDING else "completed",
        outcome=outcome,
        path=PATH,
        bytes_fetched=4567,
        seconds=1.23456,
        assets={
            AssetName.VIDEO: AssetStatus.VERIFIED,
            AssetName.THUMBNAIL: status.get(outcome, AssetStatus.VERIFIED),
        },
        error=ErrorRecord(kind="connect", message=error) if error else None,
    )
    return GenerationFinished(result)


def report(ended_by: RunError | None = None, **counts: int) -> RunReport:
    """Return the end of a run with these counts by outcome."""
    tally = Tally(bytes_fetched=45_678)
    for outcome, count in counts.items():
        tally.counts[Outcome(outcome)] = count
    return RunReport(tally=tally, seconds=12.3, error=ended_by)
