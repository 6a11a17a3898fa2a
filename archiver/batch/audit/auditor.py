"""The audit at work: generations are hashed by as many threads as there are cores, and what is found is told.

Threads, not processes: hashlib lets go of the interpreter's lock while it hashes.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import deque
from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice

from archiver.batch.audit.examining import Examination, Examiner, Target
from archiver.batch.budget import Spending
from archiver.domain.audit import AuditTally
from archiver.domain.events import AssetAudited, FileUnknown, GenerationAudited, Observer
from archiver.runtime.clock import Clock
from archiver.runtime.threads import run_in_thread
from archiver.storage.audits import AuditHistory

_CHUNK = 256
# A small generation takes half a millisecond, less than to tell a thread of it: so a thread goes on by itself
# to a few more, as long as nobody misses what it finds.
_TURN, _TURN_S = 8, 0.05


@dataclass(slots=True, kw_only=True)
class Auditor:
    """Looks at targets and tells what it finds; `tally` counts it, `left_over` is why it stopped early."""

    examiner: Examiner
    history: AuditHistory
    observer: Observer
    clock: Clock
    tally: AuditTally = field(default_factory=AuditTally)
    left_over: str | None = None

    async def audit(
        self, targets: Iterator[Target], spending: Spending
    ) -> AsyncGenerator[list[Examination], None]:
        """Yield what was found, as it is found. Raises `RunError`. Left early, it waits for its threads."""
        cores = os.cpu_count() or 1
        pool = ThreadPoolExecutor(cores, thread_name_prefix="audit")
        under_way: set[asyncio.Future[list[Examination]]] = set()
        loop = asyncio.get_running_loop()
        try:
            while rest := deque(await run_in_thread(lambda: list(islice(targets, _CHUNK)))):
                while rest or under_way:
                    if rest and (used_up := spending.used_up()):
                        self.left_over = used_up
                        rest.clear()
                        continue
                    while rest and len(under_way) < cores:
                        under_way.add(loop.run_in_executor(pool, self._take_turn, rest))
                    done, under_way = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
                    yield await self._noted(done)
                if self.left_over:
                    break
        finally:
            self.examiner.shut()
            await run_in_thread(pool.shutdown, cancel_futures=True)
            # What a thread raised after the first error is that same end.
            await asyncio.gather(*under_way, return_exceptions=True)

    def _take_turn(self, rest: deque[Target]) -> list[Examination]:
        """Look at what comes next, and at more while that is quick; several threads do so at once."""
        until_s = time.monotonic() + _TURN_S
        found: list[Examination] = []
        while not found or (len(found) < _TURN and time.monotonic() < until_s):
            try:
                target = rest.popleft()
            except IndexError:
                break
            found.append(self.examiner.examine(target))
        return found

    async def _noted(self, done: set[asyncio.Future[list[Examination]]]) -> list[Examination]:
        found = [examination for future in done for examination in future.result()]
        # In this order: what the next audit passes over was told of in this one.
        for examination in found:
            self._tell(examination)
        await run_in_thread(self._record, found)
        return found

    def _record(self, found: list[Examination]) -> None:
        now = self.clock.now()
        for examination in found:
            if examination.target.folder:
                is_whole = examination.sidecar is not None and not examination.trouble
                self.history.record(examination.target.folder, now, is_whole=is_whole)

    def _tell(self, examination: Examination) -> None:
        for finding in examination.findings:
            self.tally.add(finding)
            self.observer(AssetAudited(finding))
        for path in examination.unknown:
            self.tally.unknown_files += 1
            self.observer(FileUnknown(path))
        self.observer(GenerationAudited(examination.target.id, examination.size))
