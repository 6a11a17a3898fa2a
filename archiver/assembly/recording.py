"""A run in the ledger: that it begins, what it does under the archive's lock, how it ended."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, nullcontext, suppress
from dataclasses import dataclass, replace

from archiver.assembly.options import Options
from archiver.assembly.stores import hold_archive
from archiver.domain.errors import ArchiveError, RunError
from archiver.domain.events import Observer
from archiver.domain.ledger import RunBegin, end_of
from archiver.domain.outcome import RunReport, Tally
from archiver.runtime.clock import Clock, SystemClock
from archiver.runtime.stopping import Stop, unless_stopped
from archiver.runtime.threads import run_in_thread
from archiver.storage.archive import Archive
from archiver.storage.ledger import Ledger
from archiver.version import __version__

Work = Callable[[Archive], Awaitable[RunReport]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """Under which a run works: who watches it, who may end it, what tells it the time."""

    observer: Observer
    stop: Stop
    clock: Clock

    @classmethod
    def of(cls, observer: Observer, stop: Stop | None, clock: Clock | None) -> Conditions:
        """Return them with the usual ones in the place of those that are not given."""
        return cls(observer=observer, stop=stop or Stop(), clock=clock or SystemClock())


async def run_recorded(
    command: str, options: Options, work: Work, conditions: Conditions, *, must_exist: bool = False
) -> RunReport:
    """Hold the archive, do the work, and record both ends of it; a dry run holds and records nothing.

    With `must_exist` an archive that is not there is not made: it is a misspelt folder. What ends the run
    early is in the report, never raised.
    """
    clock = conditions.clock
    began_s = clock.monotonic_s()
    try:
        if must_exist:
            await run_in_thread(Archive.open, options.archive, writable=False)
        async with AsyncExitStack() as stack:
            # It may wait for another run: a signal must not wait with it.
            holding = stack.enter_async_context(hold_archive(options, command, conditions.observer, clock))
            archive = await unless_stopped(holding, conditions.stop)
            if options.dry_run:
                return await work(archive)
            return await _recorded(command, archive, work, clock)
    except RunError as error:
        return report_of(error, clock.monotonic_s() - began_s)


async def run_reading(command: str, options: Options, work: Work, conditions: Conditions) -> RunReport:
    """Do work that needs no lock, and record its ends where the archive can be written."""
    clock = conditions.clock
    began_s = clock.monotonic_s()
    try:
        archive = await run_in_thread(Archive.open, options.archive, writable=False)
        if options.dry_run:
            return await work(archive)
        return await _recorded(command, archive, work, clock, must_write=False)
    except RunError as error:
        return report_of(error, clock.monotonic_s() - began_s)


def report_of(error: RunError, seconds: float) -> RunReport:
    """Return the report of a run that ended before it came to anything."""
    return RunReport(tally=Tally(), seconds=round(seconds, 3), error=error)


async def _recorded(
    command: str, archive: Archive, work: Work, clock: Clock, *, must_write: bool = True
) -> RunReport:
    ledger = Ledger(archive.root)
    begin = _begin(command, clock)
    with nullcontext() if must_write else suppress(ArchiveError):
        await run_in_thread(ledger.write, begin)
    try:
        report = await work(archive)
    except RunError as error:
        report = report_of(error, (clock.now() - begin.at).total_seconds())
    try:
        await run_in_thread(ledger.write, end_of(begin, report, clock.now()))
    except RunError as error:
        if must_write:
            # On a full disk the run has its own trouble to tell of, if any.
            return replace(report, error=report.error or error)
    return report


def _begin(command: str, clock: Clock) -> RunBegin:
    now = clock.now().replace(microsecond=0)
    return RunBegin(
        run=f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}",
        at=now,
        command=command,
        version=__version__,
        pid=os.getpid(),
        host=socket.gethostname(),
    )
