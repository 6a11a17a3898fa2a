"""A run in a test: its options, its events, and the archive that it left."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from jsonschema import Draft202012Validator

from archiver.assembly.options import NetworkOptions, Options
from archiver.assembly.session import archive_ids, archive_manifests
from archiver.domain.events import Event, GenerationFinished, RetryScheduled
from archiver.domain.identity import ApiKey
from archiver.domain.outcome import GenerationResult, RunReport
from archiver.domain.sidecar import AssetRecord, Sidecar, decode_sidecar
from archiver.domain.timing import PollPolicy, RetryPolicy
from archiver.storage.schema import sidecar_schema
from archiver.transport.options import HttpEngine
from tests.simulator import API_KEY, Service

SCHEMA = Draft202012Validator(sidecar_schema())

# Real back-off, a thousand times faster.
QUICK = RetryPolicy(retries=3, first_delay_s=0.001, longest_delay_s=0.01)


@dataclass(slots=True)
class Run:
    """What a run reported."""

    report: RunReport
    events: list[Event] = field(default_factory=list)

    @property
    def results(self) -> dict[str, GenerationResult]:
        """The results by id."""
        return {
            event.result.id: event.result for event in self.events if isinstance(event, GenerationFinished)
        }

    @property
    def retries(self) -> list[RetryScheduled]:
        """The retries that were scheduled."""
        return [event for event in self.events if isinstance(event, RetryScheduled)]


def options_for(service: Service, archive: Path, engine: HttpEngine = HttpEngine.AUTO) -> Options:
    """Return options that point at the simulated service, with little patience."""
    network = NetworkOptions(
        api_base=service.api_base,
        api_key=ApiKey(API_KEY),
        http_engine=engine,
        allow_private_hosts=True,
        retry=QUICK,
        stall_timeout_s=0.5,
        api_timeout_s=0.5,
    )
    poll = PollPolicy(first_interval_s=0.01, longest_interval_s=0.01)
    return Options(archive=archive, network=network, poll=poll)


def with_network(options: Options, **changes: object) -> Options:
    """Return the options with some of the network's changed."""
    return replace(options, network=replace(options.network, **changes))  # type: ignore[arg-type]  # by name


async def run_ids(options: Options, *ids: str) -> Run:
    """Archive by id."""
    events: list[Event] = []
    return Run(await archive_ids(ids, options, events.append), events)


async def run_manifests(options: Options, paths: Sequence[Path]) -> Run:
    """Archive what manifests list."""
    events: list[Event] = []
    return Run(await archive_manifests([str(path) for path in paths], options, events.append), events)


@dataclass(frozen=True, slots=True)
class OnDisk:
    """One generation as it lies in the archive."""

    folder: Path
    sidecar: Sidecar

    def bytes_of(self, asset: str) -> bytes:
        """Return an asset's bytes."""
        path = self.record(asset).path
        assert path is not None
        return (self.folder / path).read_bytes()

    def record(self, asset: str) -> AssetRecord:
        """Return an asset's record."""
        return {str(name): record for name, record in self.sidecar.assets.items()}[asset]

    def inode(self, asset: str) -> int:
        """Return what names an asset's bytes in the file system."""
        path = self.record(asset).path
        assert path is not None
        return (self.folder / path).stat().st_ino

    @property
    def files(self) -> set[str]:
        """The names in the folder."""
        return {path.name for path in self.folder.iterdir()}


def look(archive: Path, generation_id: str) -> OnDisk:
    """Read a generation's sidecar, hold it against its schema, and every file that it lists against it."""
    (folder,) = archive.glob(f"generations/**/{generation_id}")
    data = (folder / "sidecar.json").read_bytes()
    SCHEMA.validate(json.loads(data))
    found = OnDisk(folder, decode_sidecar(data))
    for record in found.sidecar.assets.values():
        if record.path is not None:
            data = (folder / record.path).read_bytes()
            assert (len(data), hashlib.sha256(data).hexdigest()) == (record.size, record.sha256)
    return found


def is_archived(archive: Path, generation_id: str) -> bool:
    """Tell whether anything stands under the generation's final name."""
    return bool(list(archive.glob(f"generations/**/{generation_id}")))


def leftovers(archive: Path) -> list[str]:
    """Return what is left in `.partial`."""
    return sorted(str(path.relative_to(archive)) for path in archive.glob(".partial/**/*") if path.is_file())


def as_json(found: OnDisk) -> dict[str, object]:
    """Return the sidecar as a JSON object."""
    loaded: dict[str, object] = json.loads((found.folder / "sidecar.json").read_bytes())
    return loaded
