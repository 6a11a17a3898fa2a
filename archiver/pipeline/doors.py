"""The outside things that the pipeline works through, handed to it together."""

from __future__ import annotations

from dataclasses import dataclass

from archiver.domain.events import Observer
from archiver.domain.exchange import Transport
from archiver.pipeline.inspector import Inspector
from archiver.provider.interface import Provider
from archiver.runtime.retrying import Retrier
from archiver.storage.archive import Archive
from archiver.storage.index import Index


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """One door for each outside thing; `transport` carries media, the provider has its own."""

    provider: Provider
    transport: Transport
    archive: Archive
    index: Index
    inspector: Inspector
    retrier: Retrier
    observer: Observer


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchOptions:
    """What to take of a generation, and how closely to look at it; sizes in bytes."""

    max_asset_size: int
    verify: bool = True
    deep: bool = False
