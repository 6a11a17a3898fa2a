"""A run from its options: opens the archive and the network, lets the runner work, closes everything."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, replace

from archiver.assembly.network import Network, fit_to_open_files, open_network
from archiver.assembly.options import Options
from archiver.assembly.stores import Stores, open_stores
from archiver.batch.budget import Spending
from archiver.batch.intake import Intake, Selection
from archiver.batch.manifest import ManifestRow, Row, check_manifest, read_manifest
from archiver.batch.runner import Archiving, Runner, RunnerOptions
from archiver.domain.errors import RunError
from archiver.domain.events import Observer
from archiver.domain.identity import parse_id
from archiver.domain.outcome import RunReport, Tally
from archiver.pipeline.doors import Doors, FetchOptions
from archiver.pipeline.generation import GenerationArchiver
from archiver.pipeline.inspector import Inspector
from archiver.pipeline.planning import Planner
from archiver.provider.relay import Relay, RelayOptions
from archiver.runtime.clock import Clock, SystemClock
from archiver.runtime.retrying import Retrier
from archiver.runtime.stopping import Stop, unless_stopped

# While some generations are verified and committed, others fill the line.
_GENERATIONS_AHEAD = 8

Rows = Iterable[Row]


async def archive_ids(
    ids: Sequence[str], options: Options, observer: Observer, stop: Stop | None = None
) -> RunReport:
    """Archive these generations. Raises `ManifestRowError` for what is no id; the rest is in the report."""
    rows = [ManifestRow(id=parse_id(text), row={}, file="", line=0) for text in ids]
    return await _run(rows, options, observer, stop or Stop())


async def archive_manifests(
    paths: Sequence[str], options: Options, observer: Observer, stop: Stop | None = None
) -> RunReport:
    """Archive everything that these manifests list; `-` is standard input."""
    return await _run(_rows_of(paths), options, observer, stop or Stop())


def _rows_of(paths: Sequence[str]) -> Iterator[Row]:
    for path in paths:
        check_manifest(path)
    for path in paths:
        yield from read_manifest(path)


async def _run(rows: Rows, options: Options, observer: Observer, stop: Stop) -> RunReport:
    clock = SystemClock()
    began_s = clock.monotonic_s()
    options = replace(options, network=fit_to_open_files(options.network, observer))
    report: RunReport | None = None
    try:
        async with AsyncExitStack() as stack:
            # It may wait for another run, or make a large index anew: a signal must not wait with it.
            opening = stack.enter_async_context(open_stores(options, observer))
            stores = await unless_stopped(opening, stop)
            network = await stack.enter_async_context(open_network(options.network, observer))
            inspector = await stack.enter_async_context(Inspector())
            report = await _Run(options, stores, network, inspector, clock).work(rows, observer, stop)
    except RunError as error:
        seconds = round(clock.monotonic_s() - began_s, 3)
        # A disk that is full refuses the index its end, too: what ended the work is what is to be told.
        report = report or RunReport(tally=Tally(), seconds=seconds)
        return replace(report, error=report.error or error)
    return report


@dataclass(frozen=True, slots=True)
class _Run:
    """What is open while a run lasts."""

    options: Options
    stores: Stores
    network: Network
    inspector: Inspector
    clock: Clock

    async def work(self, rows: Rows, observer: Observer, stop: Stop) -> RunReport:
        """Let the runner work through the rows."""
        options = self.options
        root = self.stores.archive.root
        spending = Spending(options.budget, root=root, clock=self.clock, observer=observer)
        runner = Runner(
            self._archiving(spending),
            RunnerOptions(
                generations_at_once=options.network.concurrency + _GENERATIONS_AHEAD,
                wait_s=options.wait_s,
                poll=options.poll,
            ),
            spending=spending,
            observer=spending,
            clock=self.clock,
        )
        async with aclosing(self._intake().admit(rows)) as admitted:
            return await runner.run(admitted, stop)

    def _intake(self) -> Intake:
        selection = Selection(
            assets=self.options.assets,
            retry_failed=self.options.retry_failed,
            retry_mismatched=self.options.retry_mismatched,
        )
        return Intake(self.stores.archive, self.stores.index, self.stores.seen, selection)

    def _archiving(self, observer: Observer) -> Archiving:
        options = self.options
        retrier = Retrier(policy=options.network.retry, clock=self.clock)
        relay = Relay(
            RelayOptions(
                api_base=options.network.api_base,
                api_key=options.network.api_key,
                answer_timeout_s=options.network.api_timeout_s,
            ),
            transport=self.network.api,
            retrier=retrier,
            observer=observer,
        )
        if options.dry_run:
            return Planner(provider=relay, transport=self.network.media, wanted=options.assets)
        doors = Doors(
            provider=relay,
            transport=self.network.media,
            archive=self.stores.archive,
            index=self.stores.index,
            inspector=self.inspector,
            retrier=retrier,
            observer=observer,
        )
        fetch = FetchOptions(max_asset_size=options.max_asset_size, verify=options.verify, deep=options.deep)
        return GenerationArchiver(doors, fetch, options.assets)
