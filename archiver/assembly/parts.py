"""The parts of a run, from its options and what is open."""

from __future__ import annotations

from archiver.assembly.network import Network
from archiver.assembly.options import Options
from archiver.assembly.recording import Conditions
from archiver.assembly.stores import Stores
from archiver.batch.budget import Spending
from archiver.batch.runner import Archiving, Runner, RunnerOptions
from archiver.domain.events import Observer
from archiver.pipeline.doors import Doors, FetchOptions
from archiver.pipeline.inspector import Inspector
from archiver.provider.relay import Relay, RelayOptions
from archiver.runtime.clock import Clock
from archiver.runtime.retrying import Retrier

# While some generations are verified and committed, others fill the line.
_GENERATIONS_AHEAD = 8


def build_doors(
    options: Options, stores: Stores, network: Network, *, observer: Observer, clock: Clock
) -> Doors:
    """Return everything that the pipeline works through."""
    retrier = Retrier(policy=options.network.retry, clock=clock)
    relay = Relay(
        RelayOptions(api_base=options.network.api_base, api_key=options.network.api_key),
        transport=network.api,
        retrier=retrier,
        observer=observer,
    )
    return Doors(
        provider=relay,
        transport=network.media,
        archive=stores.archive,
        index=stores.index,
        inspector=Inspector(),
        retrier=retrier,
        observer=observer,
    )


def build_runner(archiver: Archiving, options: Options, spending: Spending, conditions: Conditions) -> Runner:
    """Return the runner that works through what is admitted."""
    return Runner(
        archiver,
        RunnerOptions(
            generations_at_once=options.network.concurrency + _GENERATIONS_AHEAD,
            wait_s=options.wait_s,
            poll=options.poll,
        ),
        spending=spending,
        observer=spending,
        clock=conditions.clock,
    )


def fetch_options(options: Options) -> FetchOptions:
    """Return what the pipeline is told."""
    return FetchOptions(max_asset_size=options.max_asset_size, verify=options.verify, deep=options.deep)
