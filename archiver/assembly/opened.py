"""What is open while a run lasts, whatever the run does: stores, network, media workers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from archiver.assembly.network import Network, open_network
from archiver.assembly.options import Options
from archiver.assembly.recording import Conditions
from archiver.assembly.stores import Stores, open_stores
from archiver.domain.events import Observer
from archiver.pipeline.doors import Doors
from archiver.pipeline.inspector import Inspector
from archiver.provider.relay import Relay, RelayOptions
from archiver.runtime.clock import Clock
from archiver.runtime.retrying import Retrier
from archiver.runtime.stopping import unless_stopped
from archiver.storage.archive import Archive


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The open things of one run."""

    options: Options
    stores: Stores
    network: Network
    inspector: Inspector

    def doors(self, observer: Observer, clock: Clock) -> Doors:
        """Return the pipeline's doors; `observer` is told what happens behind them."""
        network = self.options.network
        retrier = Retrier(policy=network.retry, clock=clock)
        relay = Relay(
            RelayOptions(
                api_base=network.api_base,
                api_key=network.api_key,
                answer_timeout_s=network.api_timeout_s,
            ),
            transport=self.network.api,
            retrier=retrier,
            observer=observer,
        )
        return Doors(
            provider=relay,
            transport=self.network.media,
            archive=self.stores.archive,
            index=self.stores.index,
            inspector=self.inspector,
            retrier=retrier,
            observer=observer,
        )


@asynccontextmanager
async def open_run(archive: Archive, options: Options, conditions: Conditions) -> AsyncIterator[Opened]:
    """Open everything for a run over the archive, which is held; close it in the end.

    Raises `RunError`, which is the stop's reason where that is requested meanwhile.
    """
    observer = conditions.observer
    async with AsyncExitStack() as stack:
        # It may make a large index anew: a signal must not wait with it.
        opening = stack.enter_async_context(open_stores(archive, options, observer))
        stores = await unless_stopped(opening, conditions.stop)
        network = await stack.enter_async_context(
            open_network(
                options.network, observer, conditions.clock, is_rationed=options.budget.limits_intake
            )
        )
        inspector = await stack.enter_async_context(Inspector())
        yield Opened(options=options, stores=stores, network=network, inspector=inspector)
