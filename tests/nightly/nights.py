"""Nights in a test: a clock that is set by hand, and the runs of one archive under it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path

from archiver.assembly.options import Options
from archiver.assembly.session import archive_ids, archive_manifests, rows_of, sync
from archiver.assembly.upkeep import add
from archiver.assembly.verifying import AuditOptions, verify
from archiver.batch.adding import Additions
from archiver.batch.audit.selecting import Scope
from archiver.batch.manifest import ManifestRow, Row
from archiver.domain.audit import AuditStatus, AuditTally, Finding
from archiver.domain.events import AssetAudited, Event, Noticed
from archiver.domain.identity import parse_id
from archiver.domain.ledger import RunRecord
from archiver.domain.outcome import RunReport
from archiver.domain.owed import Owed
from archiver.runtime.stopping import Stop
from archiver.storage.ledger import Ledger
from archiver.storage.owed import OwedList
from tests.runs.running import Run, options_for
from tests.simulator import Service

FIRST_NIGHT = datetime(2025, 1, 1, 3, tzinfo=UTC)


@dataclass(slots=True)
class HandClock:
    """A clock that stands still but for pauses, which pass at once."""

    moment: datetime = FIRST_NIGHT

    def now(self) -> datetime:
        """Return the moment to which it was set."""
        return self.moment

    def monotonic_s(self) -> float:
        """Return the same in seconds."""
        return self.moment.timestamp()

    def jitter(self) -> float:
        """Return no jitter."""
        return 0.0

    async def sleep(self, seconds: float) -> None:
        """Let the time pass at once."""
        self.moment += timedelta(seconds=seconds)
        await asyncio.sleep(0)


@dataclass(slots=True)
class Nights:
    """An archive, its service and its clock."""

    service: Service
    archive: Path
    clock: HandClock = field(default_factory=HandClock)
    options: Options = field(init=False)

    def __post_init__(self) -> None:
        """Point at the simulated service."""
        self.options = options_for(self.service, self.archive)

    def pass_time(self, **span: float) -> None:
        """Let `days=1` or `minutes=5` pass."""
        self.clock.moment += timedelta(**span)

    async def sync(self, **changes: object) -> Run:
        """Run `sync`."""
        options = replace(self.options, **changes)  # type: ignore[arg-type]  # by name
        return await self._run(lambda watch: sync(options, watch, Stop(), self.clock))

    async def get(self, *ids: str, **changes: object) -> Run:
        """Run `get`."""
        options = replace(self.options, **changes)  # type: ignore[arg-type]  # by name
        return await self._run(lambda watch: archive_ids(ids, options, watch, Stop(), self.clock))

    async def add(self, *ids: str, manifests: Sequence[Path] = ()) -> Additions:
        """Run `add`."""
        rows: list[Row] = [ManifestRow(id=parse_id(text)) for text in ids]
        listed = chain(rows, rows_of([str(manifest) for manifest in manifests]))
        return await add(listed, self.options, lambda _: None, self.clock)

    async def verify(
        self, scope: Scope | None = None, *, repair: bool = False, sums: bool = False, **changes: object
    ) -> Run:
        """Run `verify`."""
        options = replace(self.options, **changes)  # type: ignore[arg-type]  # by name
        asked = AuditOptions(scope=scope or Scope(), repair=repair, sums=sums)
        return await self._run(lambda watch: verify(options, asked, watch, Stop(), self.clock))

    async def batch(self, *manifests: Path) -> Run:
        """Run `batch`."""
        paths = [str(manifest) for manifest in manifests]
        return await self._run(
            lambda watch: archive_manifests(paths, self.options, watch, Stop(), self.clock)
        )

    async def _run(self, work: Callable[[Callable[[Event], None]], Awaitable[RunReport]]) -> Run:
        events: list[Event] = []
        return Run(await work(events.append), events)

    @property
    def owed(self) -> dict[str, Owed]:
        """What is owed, by id."""
        with OwedList.open(self.archive, writable=False) as owed:
            return {entry.id: entry for entry in owed.entries()}

    @property
    def runs(self) -> list[RunRecord]:
        """The ledger's runs, the latest first."""
        return list(Ledger(self.archive).runs())


def audit_of(run: Run) -> AuditTally:
    """Return what an audit counted."""
    assert run.report.tally.audit
    return run.report.tally.audit


def findings(run: Run) -> list[Finding]:
    """Return what an audit found, in the order in which it was told."""
    return [event.finding for event in run.events if isinstance(event, AssetAudited)]


def trouble(run: Run) -> dict[str, AuditStatus]:
    """Return what became, in the end, of each asset that was not intact, as `id asset`."""
    told = {f"{found.id} {found.asset}": found.status for found in findings(run)}
    return {name: status for name, status in told.items() if status is not AuditStatus.INTACT}


def notices(run: Run) -> list[str]:
    """Return what a run told a person beside its results."""
    return [event.message for event in run.events if isinstance(event, Noticed)]
