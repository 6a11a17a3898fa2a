"""A run from its options: opens the archive and the network, lets the runner work, closes everything."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from archiver.assembly.opened import Opened, open_run
from archiver.assembly.options import Options
from archiver.assembly.parts import build_archiving, build_runner, build_spending
from archiver.assembly.recording import Conditions, run_recorded
from archiver.assembly.stores import Stores
from archiver.batch.amending import Amending
from archiver.batch.backlog import Backlog
from archiver.batch.intake import Intake, Selection
from archiver.batch.manifest import ManifestRow, Row, check_manifest, read_manifest
from archiver.batch.owing import Owing, settling
from archiver.domain.errors import RunError
from archiver.domain.events import Noticed, Observer
from archiver.domain.identity import parse_id
from archiver.domain.outcome import RunReport
from archiver.runtime.clock import Clock
from archiver.runtime.stopping import Stop
from archiver.runtime.threads import run_in_thread
from archiver.storage.archive import Archive

Rows = Iterable[Row]
RowsOf = Callable[[Stores], Rows]


async def archive_ids(
    ids: Sequence[str],
    options: Options,
    observer: Observer,
    stop: Stop | None = None,
    clock: Clock | None = None,
) -> RunReport:
    """Archive these generations. Raises `ManifestRowError` for what is no id; the rest is in the report."""
    rows = [ManifestRow(id=parse_id(text)) for text in ids]
    return await _run("get", lambda _: rows, options, Conditions.of(observer, stop, clock))


async def archive_manifests(
    paths: Sequence[str],
    options: Options,
    observer: Observer,
    stop: Stop | None = None,
    clock: Clock | None = None,
) -> RunReport:
    """Archive everything that these manifests list; `-` is standard input."""
    return await _run("batch", lambda _: rows_of(paths), options, Conditions.of(observer, stop, clock))


async def sync(
    options: Options, observer: Observer, stop: Stop | None = None, clock: Clock | None = None
) -> RunReport:
    """Finish all that is not final yet: added, pending, incomplete, in error."""
    conditions = Conditions.of(observer, stop, clock)
    is_new = not await run_in_thread(os.path.exists, options.archive)

    def backlog(stores: Stores) -> Rows:
        now = conditions.clock.now()
        if is_new and not options.dry_run:
            # A disk that is not mounted must not pass for a night without work.
            observer(Noticed(f"there was no archive at {stores.archive.root}: an empty one was made"))
        rest = Backlog(archive=stores.archive, index=stores.index, owed=stores.owed)
        if notice := rest.not_due(now):
            observer(Noticed(notice))
        return rest.rows(_selection(options), now)

    return await _run("sync", backlog, options, conditions)


def rows_of(paths: Sequence[str]) -> Iterator[Row]:
    """Give the rows of these manifests; before the first all of them are checked. Raises `UsageError`."""
    for path in paths:
        check_manifest(path)
    for path in paths:
        yield from read_manifest(path)


async def _run(command: str, rows: RowsOf, options: Options, conditions: Conditions) -> RunReport:
    async def work(archive: Archive) -> RunReport:
        report: RunReport | None = None
        try:
            async with open_run(archive, options, conditions) as opened:
                run = _Run(opened, conditions)
                report = await run.work(await run_in_thread(rows, opened.stores))
        except RunError as error:
            if report is None:
                raise
            # A disk that is full refuses the index its end, too: what ended the work is what is to be told.
            return replace(report, error=report.error or error)
        return report

    return await run_recorded(command, options, work, conditions)


def _selection(options: Options) -> Selection:
    return Selection(
        verify=options.verify,
        assets=options.assets,
        retry_failed=options.retry_failed,
        retry_mismatched=options.retry_mismatched,
    )


@dataclass(frozen=True, slots=True)
class _Run:
    """One run, with what is open for it."""

    opened: Opened
    conditions: Conditions

    async def work(self, rows: Rows) -> RunReport:
        """Let the runner work through the rows."""
        options, stores = self.opened.options, self.opened.stores
        spending = build_spending(options, stores.archive, self.conditions)
        amending = self._amending(spending)
        archiving = amending if options.dry_run else Owing(amending, stores.owed, self.conditions.clock)
        runner = build_runner(archiving, self.opened, spending, self.conditions)
        intake = Intake(stores.archive, stores.index, stores.seen, _selection(options), takes_rows=True)
        async with aclosing(intake.admit(rows)) as admitted:
            settled = admitted if options.dry_run else settling(admitted, stores.owed)
            report = await runner.run(settled, self.conditions.stop)
        if amending.count:
            sidecars = "1 sidecar" if amending.count == 1 else f"{amending.count} sidecars"
            self.conditions.observer(Noticed(f"the manifest's columns are new in {sidecars}"))
        return report

    def _amending(self, observer: Observer) -> Amending:
        options, stores = self.opened.options, self.opened.stores
        archiving = build_archiving(self.opened.doors(observer, self.conditions.clock), options)
        return Amending(archiving, stores.archive, stores.index, is_dry=options.dry_run)
