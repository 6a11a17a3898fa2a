"""A run from its options: opens the archive and the network, lets the runner work, closes everything."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from archiver.assembly.network import Network, open_network
from archiver.assembly.options import Options
from archiver.assembly.parts import build_doors, build_runner, fetch_options
from archiver.assembly.recording import Conditions, run_recorded
from archiver.assembly.stores import Stores, open_stores
from archiver.batch.backlog import Backlog
from archiver.batch.budget import Spending
from archiver.batch.intake import Intake, Selection
from archiver.batch.manifest import ManifestRow, check_manifest, read_manifest
from archiver.batch.owing import Owing, settling
from archiver.batch.runner import Archiving
from archiver.domain.events import Noticed, Observer, RowRejected
from archiver.domain.identity import parse_id
from archiver.domain.outcome import RunReport
from archiver.pipeline.generation import GenerationArchiver
from archiver.pipeline.planning import Planner
from archiver.runtime.clock import Clock
from archiver.runtime.stopping import Stop
from archiver.storage.archive import Archive
from archiver.storage.threads import run_in_thread

Rows = Iterable[ManifestRow | RowRejected]
RowsOf = Callable[[Stores], Rows]


async def archive_ids(
    ids: Sequence[str],
    options: Options,
    observer: Observer,
    stop: Stop | None = None,
    clock: Clock | None = None,
) -> RunReport:
    """Archive these generations. Raises `ManifestRowError` for what is no id; the rest is in the report."""
    rows = [ManifestRow(id=parse_id(text), row={}, file="", line=0) for text in ids]
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

    def backlog(stores: Stores) -> Rows:
        now = conditions.clock.now()
        rest = Backlog(archive=stores.archive, index=stores.index, owed=stores.owed)
        if notice := rest.not_due(now):
            observer(Noticed(notice))
        return rest.rows(_selection(options), now)

    return await _run("sync", backlog, options, conditions)


def rows_of(paths: Sequence[str]) -> Iterator[ManifestRow | RowRejected]:
    """Give the rows of these manifests; before the first all of them are checked. Raises `UsageError`."""
    for path in paths:
        check_manifest(path)
    for path in paths:
        yield from read_manifest(path)


async def _run(command: str, rows: RowsOf, options: Options, conditions: Conditions) -> RunReport:
    async def work(archive: Archive) -> RunReport:
        async with (
            open_stores(archive, options, conditions.observer) as stores,
            open_network(options.network, conditions.observer) as network,
        ):
            run = _Run(options, stores, network, conditions)
            return await run.work(await run_in_thread(rows, stores))

    return await run_recorded(command, options, work, conditions)


def _selection(options: Options) -> Selection:
    return Selection(
        assets=options.assets,
        retry_failed=options.retry_failed,
        retry_mismatched=options.retry_mismatched,
    )


@dataclass(frozen=True, slots=True)
class _Run:
    """What is open while a run lasts."""

    options: Options
    stores: Stores
    network: Network
    conditions: Conditions

    async def work(self, rows: Rows) -> RunReport:
        """Let the runner work through the rows."""
        options, clock, stores = self.options, self.conditions.clock, self.stores
        spending = Spending(
            options.budget, root=stores.archive.root, clock=clock, observer=self.conditions.observer
        )
        runner = build_runner(self._archiving(spending), options, spending, self.conditions)
        intake = Intake(stores.archive, stores.index, stores.seen, _selection(options))
        admitted = intake.admit(rows)
        if not options.dry_run:
            admitted = settling(admitted, stores.owed)
        return await runner.run(admitted, self.conditions.stop)

    def _archiving(self, observer: Observer) -> Archiving:
        options, stores, clock = self.options, self.stores, self.conditions.clock
        doors = build_doors(options, stores, self.network, observer=observer, clock=clock)
        if options.dry_run:
            return Planner(provider=doors.provider, transport=doors.transport, wanted=options.assets)
        archiver = GenerationArchiver(doors, fetch_options(options), options.assets)
        return Owing(archiver, stores.owed, clock)
