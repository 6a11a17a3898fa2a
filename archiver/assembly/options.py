"""What a run can be told, with the contract's defaults."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from archiver.batch.budget import Budget
from archiver.domain.identity import ApiKey, AssetName
from archiver.domain.timing import PollPolicy, RetryPolicy
from archiver.transport.options import HttpEngine

DEFAULT_API_BASE = "https://az.gptplus5.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkOptions:
    """How to talk to the API and to media hosts."""

    api_base: str = DEFAULT_API_BASE
    api_key: ApiKey | None = None
    http_engine: HttpEngine = HttpEngine.AUTO
    proxy: str | None = None
    allow_private_hosts: bool = False
    concurrency: int | None = None
    """Most assets in flight; None finds how many (`domain.concurrency`)."""
    limit_rate: int | None = None
    """Bytes a second, all transfers together."""
    api_rate: float | None = None
    """Requests a second to the API."""
    stall_timeout_s: float = 30.0
    api_timeout_s: float = 30.0
    retry: RetryPolicy = RetryPolicy()


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """One run's options."""

    archive: Path = Path("archive")
    network: NetworkOptions = NetworkOptions()
    budget: Budget = Budget()
    assets: frozenset[AssetName] = field(default_factory=lambda: frozenset(AssetName))
    max_asset_size: int = 10_000_000_000
    wait_s: float = 0.0
    poll: PollPolicy = PollPolicy()
    verify: bool = True
    deep: bool = False
    dry_run: bool = False
    retry_failed: bool = False
    retry_mismatched: bool = False
    lock_wait_s: float = 0.0
