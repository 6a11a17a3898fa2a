"""One generation: resolve, fetch, verify, commit. Its trouble is a result, never an exception."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from archiver.domain.errors import ArchiveError, ArchiverError, ErrorRecord, RunError, SidecarError
from archiver.domain.generation import Generation, State
from archiver.domain.identity import AssetName, GenerationId
from archiver.domain.naming import folder_of
from archiver.domain.outcome import GenerationResult, Outcome
from archiver.domain.sidecar import AssetRecord, AssetStatus, Sidecar
from archiver.pipeline.doors import Doors, FetchOptions
from archiver.pipeline.fetch import AssetOutcome, Fetch, Haul
from archiver.pipeline.records import record_assets, record_not_offered, refuse_damaged
from archiver.pipeline.results import failed_result, summed_up
from archiver.pipeline.sharing import review, share_held
from archiver.pipeline.sidecars import Provenance, compose_sidecar, staged_files
from archiver.pipeline.source import UrlSource
from archiver.provider.interface import Provider
from archiver.storage.entries import IndexEntry
from archiver.storage.store import Link
from archiver.storage.threads import run_in_thread, see_through


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What the archive has of a generation already: its folder, and the records of assets that are there."""

    folder: str
    assets: Mapping[AssetName, AssetRecord]
    flagged: Mapping[AssetName, AssetRecord] = field(default_factory=dict)
    """Those that are fetched again, and kept where they cannot be had better."""
    lost: Mapping[AssetName, AssetRecord] = field(default_factory=dict)
    """Those whose bytes are damaged or gone: each record stands until better bytes have come."""

    unverified: Mapping[AssetName, AssetRecord] = field(default_factory=dict)
    """Those that nobody has looked into yet, and that are looked into now."""

    @property
    def kept(self) -> frozenset[AssetName]:
        """Those that are not fetched again."""
        return frozenset(self.assets.keys() | self.unverified.keys())

    @property
    def records(self) -> dict[AssetName, AssetRecord]:
        """All whose files are there."""
        return {**self.flagged, **self.unverified, **self.assets}


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One generation to archive: `row` holds the manifest's columns, `saved_answer` spares the question."""

    id: GenerationId
    row: Mapping[str, Any] = field(default_factory=dict)
    saved_answer: bytes | None = None
    held: Held | None = None
    standing_answer: bytes | None = None
    """What its sidecar has of the service's: it spares the question, where it can be read."""
    resolved_at: datetime | None = None
    """When the service answered, or a saved answer was read."""
    declined: frozenset[AssetName] = frozenset()
    """Those that were not wanted when it was archived, and are not fetched now."""


class GenerationArchiver:
    """Archives one generation at a time; many may be under way."""

    def __init__(self, doors: Doors, options: FetchOptions, wanted: frozenset[AssetName]) -> None:
        self._doors = doors
        self._options = options
        self._wanted = wanted
        self._clock = doors.retrier.clock

    async def archive(self, item: Item) -> GenerationResult:
        """Do what can be done now for one generation. Raises `RunError` alone."""
        began_s = self._clock.monotonic_s()
        result = await self._result(item)
        return msgspec.structs.replace(result, seconds=round(self._clock.monotonic_s() - began_s, 3))

    async def _result(self, item: Item) -> GenerationResult:
        found = await resolve_item(self._doors.provider, item)
        if isinstance(found, GenerationResult):
            return found
        item = replace(item, resolved_at=self._clock.now())
        try:
            if found.state is State.FAILED:
                return await self._bury(item, found)
            return await self._complete(item, found)
        except SidecarError as error:
            outcome = Outcome.ERROR
            return GenerationResult(id=item.id, state=found.state, outcome=outcome, error=error.record())

    async def _bury(self, item: Item, generation: Generation) -> GenerationResult:
        """Record a generation that failed upstream; one that is partly archived keeps its record."""
        failed = failed_result(generation)
        if item.held and (item.held.records or item.held.lost):
            statuses = {name: record.status for name, record in item.held.records.items()}
            statuses |= dict.fromkeys(item.held.lost, AssetStatus.MISSING)
            partly = Outcome.INCOMPLETE
            return msgspec.structs.replace(failed, outcome=partly, path=item.held.folder, assets=statuses)
        return msgspec.structs.replace(failed, path=await self._commit(item, generation, {}, None))

    async def _complete(self, item: Item, generation: Generation) -> GenerationResult:
        source = UrlSource(
            generation, resolve=lambda: self._doors.provider.resolve(item.id), clock=self._clock
        )
        item, reviewed, damaged = await self._reviewed(item)
        held = item.held.kept if item.held else frozenset[AssetName]()
        missing = (((self._wanted - item.declined) | damaged) & generation.assets.keys()) - held
        fetch = Fetch(self._doors, self._options, source)
        try:
            reviewed = await fetch.deepened(reviewed)
            haul = await self._fetch(item, fetch, source, missing)
            return await self._conclude(item, source, haul, reviewed)
        except BaseException:
            await see_through(fetch.keep())
            raise

    async def _reviewed(
        self, item: Item
    ) -> tuple[Item, dict[AssetName, AssetOutcome], AbstractSet[AssetName]]:
        """Look into what nobody has looked into yet; damaged bytes are as good as lost."""
        if not item.held or not item.held.unverified:
            return item, {}, frozenset()
        known = item.held.unverified
        found, damaged = await review(self._doors, item.held.folder, known)
        left = {name: known[name] for name in known if name not in damaged}
        lost = {**item.held.lost, **{name: known[name] for name in damaged}}
        return replace(item, held=replace(item.held, unverified=left, lost=lost)), found, damaged

    async def _conclude(
        self, item: Item, source: UrlSource, haul: Haul, reviewed: Mapping[AssetName, AssetOutcome]
    ) -> GenerationResult:
        """Commit what came, beside what is held, and sum it up."""
        generation, verify = source.generation, self._options.verify
        records = record_assets(generation, haul.outcomes, verify=verify)
        records |= record_assets(
            generation,
            {name: reviewed[name] for name in reviewed if name in generation.assets},
            verify=verify,
        )
        if item.held:
            records, whole = refuse_damaged(records, haul.outcomes, {**item.held.flagged, **item.held.lost})
            haul = replace(haul, outcomes=whole)
        clips = {AssetName.VIDEO, AssetName.VIDEO_RAW}
        if self._wanted & clips and not clips & generation.assets.keys():
            records[AssetName.VIDEO] = record_not_offered()
        lost = item.held.lost if item.held else {}
        # A lost record without a path is not worth keeping, except the video's: a clip belongs here.
        worth = {name for name in lost if lost[name].path or name is AssetName.VIDEO}
        standing = {name: lost[name] for name in lost if name in worth and not _is_had(records.get(name))}
        assets = _in_order(_merged(item.held.records if item.held else {}, records))
        folder = item.held.folder if item.held else ""
        if not standing or any(map(_is_had, records.values())):
            committed = _with_true_twins(_in_order(assets | standing))
            folder = await self._commit(item, generation, committed, haul)
        return summed_up(item.id, folder, assets | _unavailable(standing, records), haul.bytes_fetched)

    async def _fetch(
        self, item: Item, fetch: Fetch, source: UrlSource, missing: AbstractSet[AssetName]
    ) -> Haul:
        if not item.held:
            return await fetch.run(missing)
        wanted = [source.generation.assets[name] for name in AssetName if name in missing]
        shared = await share_held(self._doors, item.held.folder, item.held.assets, wanted)
        haul = await fetch.run(missing - shared.keys())
        return replace(haul, outcomes={**haul.outcomes, **shared})

    async def _commit(
        self, item: Item, generation: Generation, assets: dict[AssetName, AssetRecord], haul: Haul | None
    ) -> str:
        folder = item.held.folder if item.held else folder_of(item.id, generation.created_at)
        provenance = Provenance(
            provider=self._doors.provider.name,
            api_base=self._doors.provider.api_base,
            archived_at=(now := self._clock.now()),
            resolved_at=item.resolved_at or now,
            row=item.row,
        )
        sidecar = compose_sidecar(generation, assets, provenance)
        staged = staged_files(assets, haul.outcomes if haul else {})
        await run_in_thread(self._record, folder, sidecar, staged)
        return folder

    def _record(self, folder: str, sidecar: Sidecar, staged: Mapping[str, Path | Link]) -> None:
        try:
            footprint = self._doors.archive.commit(folder, sidecar, staged)
        except ArchiveError:
            # The sidecar may stand already, and only the sync of its folder have failed.
            self._doors.index.distrust()
            raise
        self._doors.index.record(IndexEntry.of(sidecar, folder, footprint))


async def resolve_item(provider: Provider, item: Item) -> Generation | GenerationResult:
    """Return a generation in its final state, or the result where there is none to work on.

    Raises `RunError`.
    """
    try:
        if standing := _standing(provider, item):
            return standing
        if item.saved_answer is None:
            generation = await provider.resolve(item.id)
        else:
            generation = provider.read(item.id, item.saved_answer)
    except RunError:
        raise
    except ArchiverError as error:
        # A result stands beside its id wherever it is shown.
        plain = _without_id(error.record(), item.id)
        return GenerationResult(id=item.id, state="unknown", outcome=Outcome.ERROR, error=plain)
    if generation.state.is_final:
        return generation
    return GenerationResult(id=item.id, state=generation.state, outcome=Outcome.PENDING)


def _standing(provider: Provider, item: Item) -> Generation | None:
    """Return what the sidecar's own answer says, where that can be read and is of a whole generation."""
    if item.standing_answer is None:
        return None
    try:
        generation = provider.read(item.id, item.standing_answer)
    except ArchiverError:
        return None
    return generation if generation.state is State.COMPLETED else None


def _is_had(record: AssetRecord | None) -> bool:
    return record is not None and record.status is not AssetStatus.MISSING


def _with_true_twins(assets: dict[AssetName, AssetRecord]) -> dict[AssetName, AssetRecord]:
    """Let no asset claim to share the bytes of another that has other ones now."""
    digests = {name: record.sha256 for name, record in assets.items()}
    return {
        name: record
        if record.same_as is None or digests.get(record.same_as) == record.sha256
        else msgspec.structs.replace(record, same_as=None)
        for name, record in assets.items()
    }


def _unavailable(
    standing: Mapping[AssetName, AssetRecord], records: Mapping[AssetName, AssetRecord]
) -> dict[AssetName, AssetRecord]:
    """Return how lost assets that did not come are reported, whatever their standing records say."""
    return {name: records.get(name, record_not_offered()) for name in standing}


def _without_id(record: ErrorRecord, generation_id: GenerationId) -> ErrorRecord:
    return ErrorRecord(kind=record.kind, message=record.message.removeprefix(f"{generation_id}: "))


def _merged(
    held: Mapping[AssetName, AssetRecord], found: Mapping[AssetName, AssetRecord]
) -> dict[AssetName, AssetRecord]:
    """Return held records with found ones over them; one that is missing takes no held one's place."""
    gone = {name for name, record in found.items() if record.status is AssetStatus.MISSING}
    return {**found, **{name: record for name, record in held.items() if name not in found.keys() - gone}}


def _in_order(assets: Mapping[AssetName, AssetRecord]) -> dict[AssetName, AssetRecord]:
    return {name: assets[name] for name in AssetName if name in assets}
