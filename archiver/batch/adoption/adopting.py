"""One generation whose files were downloaded before: resolved, held against them, committed as any other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from archiver.batch.adoption.choosing import Choice, choose, without_held
from archiver.batch.adoption.search import Candidate
from archiver.batch.adoption.shelf import Shelf
from archiver.domain.errors import ErrorRecord
from archiver.domain.events import GenerationPlanned, Noticed
from archiver.domain.generation import Generation, State
from archiver.domain.identity import AssetName, GenerationId
from archiver.domain.outcome import GenerationResult, Outcome
from archiver.domain.owed import owed_after
from archiver.pipeline.doors import Doors, FetchOptions
from archiver.pipeline.generation import GenerationArchiver, resolve_item
from archiver.pipeline.item import Item
from archiver.provider.interface import Provider
from archiver.runtime.threads import run_in_thread
from archiver.storage.owed import OwedList


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopting:
    """Archives from `files`; what is missing then is owed. With `is_dry_run` it plans instead."""

    doors: Doors
    options: FetchOptions
    wanted: frozenset[AssetName]
    files: Mapping[GenerationId, Sequence[Candidate]]
    owed: OwedList
    is_dry_run: bool = False

    async def archive(self, item: Item) -> GenerationResult | GenerationPlanned:
        """Take in what fits. Raises `RunError` alone."""
        found = await resolve_item(self.doors.provider, item)
        if isinstance(found, GenerationResult):
            return found
        if found.state is State.FAILED:
            error = ErrorRecord(kind="failed", message="it failed at the service: its files are not taken")
            return _error(item, found, error)
        choice = await self._choose(item, found)
        if choice.files:
            for reason in choice.refused:
                self.doors.observer(Noticed(f"{item.id}: not taken: {reason}"))
        if not choice.files:
            message = "; ".join(choice.refused) or "no file of it was found"
            return _error(item, found, ErrorRecord(kind="not_imported", message=message))
        if self.is_dry_run:
            return _planned(item, found, choice)
        return await self._take(item, found, choice)

    async def _choose(self, item: Item, generation: Generation) -> Choice:
        missing = (self.wanted & generation.assets.keys()) - item.held.assets.keys()
        try:
            candidates = await run_in_thread(without_held, self.files.get(item.id, ()), item.held.assets)
            return await choose(generation, missing, candidates, self.doors.inspector)
        except OSError as error:
            return Choice(refused=[f"a file cannot be read: {error.strerror}"])

    async def _take(self, item: Item, generation: Generation, choice: Choice) -> GenerationResult:
        shelf = Shelf(_by_url(generation, choice))
        doors = replace(self.doors, transport=shelf, provider=_Known(self.doors.provider, generation))
        archiver = GenerationArchiver(doors, self.options, self.wanted)
        result = await archiver.archive(replace(item, saved_answer=generation.response))
        await run_in_thread(self._note, item, result)
        return result

    def _note(self, item: Item, result: GenerationResult) -> None:
        now = self.doors.retrier.clock.now()
        entry = owed_after(result, self.owed.get(item.id), now, row=item.row)
        if entry:
            self.owed.put([entry])
        else:
            self.owed.settle([item.id])


@dataclass(frozen=True, slots=True)
class _Known:
    """A provider that has nothing newer to say than what was resolved: no URL is asked for here."""

    provider: Provider
    generation: Generation

    @property
    def name(self) -> str:
        return self.provider.name

    @property
    def api_base(self) -> str:
        return self.provider.api_base

    async def resolve(self, _generation_id: GenerationId) -> Generation:
        return self.generation

    def read(self, generation_id: GenerationId, answer: bytes) -> Generation:
        return self.provider.read(generation_id, answer)


def _by_url(generation: Generation, choice: Choice) -> dict[str, Path]:
    urls = {name: asset.url.full for name, asset in generation.assets.items() if asset.url}
    return {urls[name]: path for name, path in choice.files.items()}


def _error(item: Item, generation: Generation, error: ErrorRecord) -> GenerationResult:
    return GenerationResult(id=item.id, state=generation.state, outcome=Outcome.ERROR, error=error)


def _planned(item: Item, generation: Generation, choice: Choice) -> GenerationPlanned:
    sizes = {name: path.stat().st_size for name, path in choice.files.items()}
    return GenerationPlanned(item.id, item.folder_for(generation), sizes)
