"""A run whose names resolve as a test has it. All is loopback here: 127.0.0.2 plays the public Internet."""

from __future__ import annotations

from ipaddress import IPv4Address

from archiver.assembly.options import Options
from archiver.assembly.stores import open_stores
from archiver.domain.addresses import IpAddress, is_public
from archiver.domain.events import Event
from archiver.domain.identity import parse_id
from archiver.domain.outcome import GenerationResult
from archiver.pipeline.doors import Doors, FetchOptions
from archiver.pipeline.generation import GenerationArchiver
from archiver.pipeline.inspector import Inspector
from archiver.pipeline.item import Item
from archiver.provider.relay import Relay, RelayOptions
from archiver.runtime.clock import SystemClock
from archiver.runtime.retrying import Retrier
from archiver.storage.archive import Archive
from archiver.transport.addressing import AddressPolicy
from archiver.transport.opening import open_transport
from archiver.transport.options import TransportOptions

PUBLIC, PRIVATE = "127.0.0.2", "127.0.0.1"


class Names:
    """A resolver that gives its answers in turn, the last one for ever."""

    def __init__(self, *answers: list[str]) -> None:
        self._answers = answers
        self.asked: list[str] = []

    async def __call__(self, host: str) -> list[str]:
        """Answer."""
        self.asked.append(host)
        return self._answers[min(len(self.asked), len(self._answers)) - 1]

    @property
    def policy(self) -> AddressPolicy:
        """The policy that resolves with this; beside what is public, 127.0.0.2 is."""
        return AddressPolicy(resolve=self, permits=is_public_here)


def is_public_here(address: IpAddress) -> bool:
    """Tell whether an address is public, or plays it."""
    return address == IPv4Address(PUBLIC) or is_public(address)


async def archive_all(options: Options, policy: AddressPolicy, *ids: str) -> list[GenerationResult]:
    """Archive generations, one after the other, with the doors of a run, but for where names lead."""
    events: list[Event] = []
    network = options.network
    carrying = TransportOptions(engine=network.http_engine, stall_timeout_s=2.0, connect_timeout_s=2.0)
    async with (
        open_stores(Archive.open(options.archive), options, events.append) as stores,
        open_transport(carrying, policy) as transport,
        Inspector() as inspector,
    ):
        retrier = Retrier(policy=network.retry, clock=SystemClock())
        asked = RelayOptions(api_base=network.api_base, api_key=network.api_key)
        relay = Relay(asked, transport=transport, retrier=retrier, observer=events.append)
        doors = Doors(
            provider=relay,
            transport=transport,
            archive=stores.archive,
            index=stores.index,
            inspector=inspector,
            retrier=retrier,
            observer=events.append,
        )
        fetch = FetchOptions(max_asset_size=options.max_asset_size)
        archiver = GenerationArchiver(doors, fetch, options.assets)
        return [await archiver.archive(Item(id=parse_id(text))) for text in ids]
