"""One audit from begin to end: what it looks at, and what the next need not look at again."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime

from archiver.batch.audit.auditor import Auditor
from archiver.batch.audit.examining import Examination
from archiver.batch.audit.selecting import Scope, Selecting
from archiver.batch.budget import Spending
from archiver.domain.events import AuditBegan, Noticed
from archiver.domain.timing import show_timestamp
from archiver.runtime.threads import run_in_thread


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """An audit of what is in a scope."""

    selecting: Selecting
    auditor: Auditor
    scope: Scope

    async def run(self, spending: Spending) -> AsyncGenerator[list[Examination], None]:
        """Yield what is found, as it is found. Raises `RunError`."""
        now = self.auditor.clock.now()
        since = await run_in_thread(self.selecting.since, self.scope, now)
        await run_in_thread(self._announce, since, now)
        targets = await run_in_thread(self.selecting.targets, self.scope, since)
        async with aclosing(self.auditor.audit(targets, spending)) as found:
            async for examinations in found:
                yield examinations
        if self.scope.is_everything and self.auditor.left_over is None:
            await run_in_thread(self.auditor.history.end, since)

    def _announce(self, since: datetime, now: datetime) -> None:
        observer, selecting = self.auditor.observer, self.selecting
        generations, size = selecting.index.totals()
        done = 0 if self.scope.ids or self.scope.sample else selecting.history.count_since(since)
        if self.scope.is_everything and since < now:
            begun = show_timestamp(since.replace(microsecond=0))
            observer(Noticed(f"goes on with the audit of {begun}: {done} of {generations} are looked at"))
        count = len(self.scope.ids) or round((generations - done) * (self.scope.sample or 1))
        observer(AuditBegan(count, round(size * count / generations) if generations else 0))
