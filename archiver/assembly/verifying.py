"""`verify`: an audit from its options, which needs no lock; with repairs, a run like any other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass

from archiver.assembly.opened import open_run
from archiver.assembly.options import Options
from archiver.assembly.parts import build_archiving, build_runner, build_spending
from archiver.assembly.recording import Conditions, run_reading, run_recorded
from archiver.batch.audit.audit import Audit
from archiver.batch.audit.auditor import Auditor
from archiver.batch.audit.examining import Examination, Examiner
from archiver.batch.audit.repairing import Repairing
from archiver.batch.audit.selecting import Scope, Selecting
from archiver.domain.events import Event, GenerationFinished, Noticed, Observer
from archiver.domain.outcome import Outcome, RunReport, Tally
from archiver.pipeline.inspector import Inspector, InspectorFromThreads
from archiver.runtime.clock import Clock
from archiver.runtime.stopping import Stop, end_of
from archiver.runtime.threads import run_in_thread
from archiver.storage.archive import Archive
from archiver.storage.audits import AuditHistory
from archiver.storage.gate import Gate
from archiver.storage.index import Index
from archiver.storage.sums import write_sums


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditOptions:
    """What `verify` is asked for: which generations, whether to repair, whether to write `SHA256SUMS`."""

    scope: Scope
    repair: bool = False
    sums: bool = False


async def verify(
    options: Options,
    asked: AuditOptions,
    observer: Observer,
    stop: Stop | None = None,
    clock: Clock | None = None,
) -> RunReport:
    """Hold what is on disk against the sidecars; with `repair`, fetch again what is damaged or missing."""
    conditions = Conditions.of(_without_results(observer), stop, clock)
    job = _Verification(options, asked, conditions)
    if asked.repair:
        return await run_recorded("verify", options, job.repair, conditions, must_exist=True)
    return await run_reading("verify", options, job.look, conditions)


def _without_results(observer: Observer) -> Observer:
    """Let nobody hear twice of a repair: assets are told of, generations only where they are unfinished."""

    def tell(event: Event) -> None:
        if not isinstance(event, GenerationFinished) or event.result.outcome is Outcome.PENDING:
            observer(event)

    return tell


@dataclass(frozen=True, slots=True)
class _Verification:
    """One `verify`."""

    options: Options
    asked: AuditOptions
    conditions: Conditions

    async def look(self, archive: Archive) -> RunReport:
        """Audit alone: another run may be writing the archive meanwhile."""
        index = await run_in_thread(Index.open, archive, writable=False)
        with index:
            if index.notice:
                self.conditions.observer(Noticed(index.notice))
            spending = build_spending(self.options, archive, self.conditions)
            async with self._open(archive, index) as audit:
                async with aclosing(audit.run(spending)) as found:
                    error = await end_of(_exhaust(found), self.conditions.stop)
                report = RunReport(tally=Tally(), seconds=round(spending.seconds, 3), error=error)
                return await self._finished(audit, report)

    async def repair(self, archive: Archive) -> RunReport:
        """Audit, and repair meanwhile what is found."""
        options, conditions = self.options, self.conditions
        async with (
            open_run(archive, options, conditions) as opened,
            self._open(archive, opened.stores.index) as audit,
        ):
            spending = build_spending(self.options, archive, self.conditions)
            doors = opened.doors(spending, conditions.clock)
            archiver = build_archiving(doors, options)
            repairing = Repairing(
                archiver, archive, audit.auditor.tally, observer=spending, is_dry=options.dry_run
            )
            runner = build_runner(repairing, opened, spending, conditions)
            async with aclosing(repairing.items(audit.run(spending))) as items:
                report = await runner.run(items, conditions.stop)
            return await self._finished(audit, report)

    @asynccontextmanager
    async def _open(self, archive: Archive, index: Index) -> AsyncIterator[Audit]:
        conditions = self.conditions
        history = await run_in_thread(
            AuditHistory.open, archive.root, is_deep=self.options.deep, is_kept=not self.options.dry_run
        )
        async with AsyncExitStack() as stack:
            stack.push_async_callback(run_in_thread, history.close)
            if history.notice:
                conditions.observer(Noticed(history.notice))
            examiner = Examiner(
                archive=archive,
                gate=Gate(self.options.network.limit_rate),
                decoding=await _open_decoding(stack) if self.options.deep else None,
                knows=lambda generation_id: index.get(generation_id) is not None,
            )
            yield Audit(
                selecting=Selecting(archive=archive, index=index, history=history),
                auditor=Auditor(
                    examiner=examiner, history=history, observer=conditions.observer, clock=conditions.clock
                ),
                scope=self.asked.scope,
            )

    async def _finished(self, audit: Audit, report: RunReport) -> RunReport:
        tally = report.tally
        tally.audit = audit.auditor.tally
        tally.left_over = tally.left_over or audit.auditor.left_over
        if self.asked.sums and report.error is None and not self.options.dry_run:
            await run_in_thread(write_sums, audit.selecting.archive)
        return report


async def _open_decoding(stack: AsyncExitStack) -> InspectorFromThreads:
    inspector = await stack.enter_async_context(Inspector())
    return InspectorFromThreads(inspector, asyncio.get_running_loop())


async def _exhaust(found: AsyncGenerator[list[Examination], None]) -> None:
    async for _ in found:
        pass
