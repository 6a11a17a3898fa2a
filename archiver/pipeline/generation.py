"""One generation: resolve, fetch, verify, commit. Its trouble is a result, never an exception."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from pathlib import Path

import msgspec

from archiver.domain.errors import (
    ArchiveError,
    ArchiverError,
    ErrorRecord,
    RunError,
    SidecarError,
    StandingSidecarError,
)
from archiver.domain.generation import Generation, State
from archiver.domain.identity import AssetName, GenerationId
from archiver.domain.outcome import GenerationResult, Outcome
from archiver.domain.sidecar import AssetStatus, Sidecar, merged_row
from archiver.pipeline.doors import Doors, FetchOptions
from archiver.pipeline.fetch import AssetOutcome, Fetch, Haul
from archiver.pipeline.item import HeldGeneration, Item
from archiver.pipeline.merging import Merged, merge
from archiver.pipeline.records import record_assets, record_not_offered
from archiver.pipeline.results import failed_result, summed_up
from archiver.pipeline.sharing import link_held, review, share_held
from archiver.pipeline.sidecars import Provenance, compose_sidecar, staged_files
from archiver.pipeline.source import UrlSource
from archiver.provider.interface import Provider
from archiver.runtime.threads import run_in_thread, see_through
from archiver.storage.entries import IndexEntry
from archiver.storage.store import Link

_NOTHING = merge(HeldGeneration(), {}, {})


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
            return await self._settle(item, found)
        except StandingSidecarError:
            # The index did not know of it: it was put there by hand, or the index is an old one.
            item = await run_in_thread(self._with_standing, item, found)
            return await self._result(item)
        except SidecarError as error:
            outcome = Outcome.ERROR
            return GenerationResult(id=item.id, state=found.state, outcome=outcome, error=error.record())

    async def _settle(self, item: Item, found: Generation) -> GenerationResult:
        return await (self._bury if found.state is State.FAILED else self._complete)(item, found)

    def _with_standing(self, item: Item, found: Generation) -> Item:
        folder = item.folder_for(found)
        loaded, survey = self._doors.archive.load(folder), self._doors.archive.survey(folder)
        if loaded is None or survey is None:
            return item
        held, footprint = HeldGeneration.of(folder, survey), loaded[1]
        if held.lost:
            # A moment at which no folder was changed: the next run looks again.
            footprint = msgspec.structs.replace(footprint, folder_mtime_ns=0)
        self._doors.index.record(IndexEntry.of(loaded[0], folder, footprint))
        row = merged_row(survey.sidecar.manifest_row, item.row)
        return replace(item, held=held, row=row, saved_answer=found.response)

    async def _bury(self, item: Item, generation: Generation) -> GenerationResult:
        """Record a generation that failed upstream; one that is partly archived keeps its record."""
        failed, held = failed_result(generation), item.held
        if held.records or held.lost:
            statuses = {name: record.status for name, record in held.records.items()}
            statuses |= dict.fromkeys(held.lost, AssetStatus.MISSING)
            partly = Outcome.INCOMPLETE
            return msgspec.structs.replace(failed, outcome=partly, path=held.folder, assets=statuses)
        return msgspec.structs.replace(failed, path=await self._commit(item, generation, _NOTHING))

    async def _complete(self, item: Item, generation: Generation) -> GenerationResult:
        source = UrlSource(
            generation, resolve=lambda: self._doors.provider.resolve(item.id), clock=self._clock
        )
        item, reviewed, damaged = await self._reviewed(item)
        wanted = (self._wanted - item.declined) | damaged
        fetch = Fetch(self._doors, self._options, source)
        try:
            reviewed = await fetch.deepened(reviewed)
            haul = await self._fetch(item, fetch, source, wanted - item.held.kept)
            return await self._conclude(item, source, haul, reviewed)
        except BaseException:
            await see_through(fetch.keep())
            raise

    async def _reviewed(
        self, item: Item
    ) -> tuple[Item, dict[AssetName, AssetOutcome], AbstractSet[AssetName]]:
        """Look into what nobody has looked into yet; damaged bytes are as good as lost."""
        held, known = item.held, item.held.unverified
        if held.folder is None or not known:
            return item, {}, frozenset()
        found, damaged = await review(self._doors, held.folder, known)
        left = {name: known[name] for name in known if name not in damaged}
        lost = {**held.lost, **{name: known[name] for name in damaged}}
        return replace(item, held=replace(held, unverified=left, lost=lost)), found, damaged

    async def _conclude(
        self, item: Item, source: UrlSource, haul: Haul, reviewed: Mapping[AssetName, AssetOutcome]
    ) -> GenerationResult:
        """Commit what came, beside what is held, and sum it up."""
        generation = source.generation
        offered = {name: reviewed[name] for name in reviewed if name in generation.assets}
        outcomes = {**haul.outcomes, **offered}
        records = record_assets(generation, outcomes, verify=self._options.verify)
        clips = {AssetName.VIDEO, AssetName.VIDEO_RAW}
        if self._wanted & clips and not clips & generation.assets.keys():
            records[AssetName.VIDEO] = record_not_offered()
        merged = merge(self._still_due(item.held, generation), records, haul.outcomes)
        folder = item.held.folder or ""
        if merged.is_news:
            folder = await self._commit(item, generation, merged)
        return summed_up(item.id, folder, merged.reported, haul.bytes_fetched)

    async def _fetch(
        self, item: Item, fetch: Fetch, source: UrlSource, names: AbstractSet[AssetName]
    ) -> Haul:
        """Fetch those of these that are offered, but for what is here under another name."""
        offered = names & source.generation.assets.keys()
        if item.held.folder is None:
            return await fetch.run(offered)
        shared = await share_held(self._doors, item.held, source.generation, offered)
        haul = await fetch.run(offered - shared.keys())
        came = await link_held(self._doors, item.held, haul.outcomes)
        return replace(haul, outcomes={**came, **await fetch.deepened(shared)})

    def _still_due(self, held: HeldGeneration, generation: Generation) -> HeldGeneration:
        """Return the same without pictures that are missing, are wanted now, and are offered no more."""
        gone = {name for name in self._wanted - generation.assets.keys() if not name.is_video}
        missing = {name: record for name, record in held.missing.items() if name not in gone}
        return replace(held, missing=missing)

    async def _commit(self, item: Item, generation: Generation, merged: Merged) -> str:
        provenance = Provenance(
            provider=self._doors.provider.name,
            api_base=self._doors.provider.api_base,
            archived_at=(now := self._clock.now()),
            resolved_at=item.resolved_at or now,
            row=item.row,
        )
        assets = merged.committed
        sidecar = compose_sidecar(generation, assets, merged.verification, provenance)
        staged = staged_files(assets, merged.outcomes)
        await run_in_thread(self._record, item, generation, sidecar, staged)
        return item.folder_for(generation)

    def _record(
        self, item: Item, generation: Generation, sidecar: Sidecar, staged: Mapping[str, Path | Link]
    ) -> None:
        folder = item.folder_for(generation)
        try:
            footprint = self._doors.archive.commit(folder, sidecar, staged, is_first=item.held.folder is None)
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


def _without_id(record: ErrorRecord, generation_id: GenerationId) -> ErrorRecord:
    return ErrorRecord(kind=record.kind, message=record.message.removeprefix(f"{generation_id}: "))
