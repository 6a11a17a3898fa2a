"""The parts of a run, from its options and what is open."""

from __future__ import annotations

from archiver.assembly.opened import Opened
from archiver.assembly.options import Options
from archiver.assembly.recording import Conditions
from archiver.batch.budget import Spending
from archiver.batch.runner import Archiving, Runner, RunnerOptions
from archiver.pipeline.doors import Doors, FetchOptions
from archiver.pipeline.generation import GenerationArchiver
from archiver.pipeline.planning import Planner
from archiver.storage.archive import Archive


def build_runner(archiver: Archiving, opened: Opened, spending: Spending, conditions: Conditions) -> Runner:
    """Return the runner that works through what is admitted."""
    options = opened.options
    return Runner(
        archiver,
        # A plan is of what can be had now.
        RunnerOptions(wait_s=0.0 if options.dry_run else options.wait_s, poll=options.poll),
        places=opened.network.generations,
        spending=spending,
        clock=conditions.clock,
    )


def fetch_options(options: Options) -> FetchOptions:
    """Return what the pipeline is told."""
    return FetchOptions(max_asset_size=options.max_asset_size, verify=options.verify, deep=options.deep)


def build_spending(options: Options, archive: Archive, conditions: Conditions) -> Spending:
    """Return what watches the budget, and passes on what happens."""
    return Spending(options.budget, root=archive.root, clock=conditions.clock, observer=conditions.observer)


def build_archiving(doors: Doors, options: Options) -> Archiving:
    """Return what is done for each generation: it is archived, or in a dry run planned."""
    if options.dry_run:
        return Planner(provider=doors.provider, transport=doors.transport, wanted=options.assets)
    return GenerationArchiver(doors, fetch_options(options), options.assets)
