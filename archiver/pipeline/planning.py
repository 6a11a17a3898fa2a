"""What `--dry-run` does in place of archiving: resolve, look at each URL's answer, write nothing."""

from __future__ import annotations

from dataclasses import dataclass

from archiver.domain.errors import TransferError
from archiver.domain.events import GenerationPlanned
from archiver.domain.exchange import Request, Transport
from archiver.domain.generation import Generation, State
from archiver.domain.identity import AssetName, MediaUrl
from archiver.domain.outcome import GenerationResult
from archiver.pipeline.generation import resolve_item
from archiver.pipeline.item import Item
from archiver.pipeline.results import failed_result
from archiver.provider.interface import Provider

_OK = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Planner:
    """Plans one generation at a time."""

    provider: Provider
    transport: Transport
    wanted: frozenset[AssetName]

    async def archive(self, item: Item) -> GenerationResult | GenerationPlanned:
        """Return what would be fetched, or why nothing would. Raises `RunError` alone."""
        found = await resolve_item(self.provider, item)
        if isinstance(found, GenerationResult):
            return found
        if found.state is State.FAILED:
            return failed_result(found)
        return await self._plan(item, found)

    async def _plan(self, item: Item, generation: Generation) -> GenerationPlanned:
        wanted = self.wanted - item.declined - item.held.kept
        sizes: dict[AssetName, int | None] = {}
        urls: set[str] = set()
        for name in AssetName:
            asset = generation.assets.get(name)
            if asset is None or asset.url is None or name not in wanted:
                continue
            # One URL is fetched once: the second name costs no bytes.
            sizes[name] = 0 if asset.url.full in urls else await self._size(asset.url)
            urls.add(asset.url.full)
        return GenerationPlanned(item.id, item.folder_for(generation), sizes)

    async def _size(self, url: MediaUrl) -> int | None:
        """Return what the host says of the length; the body is not read."""
        try:
            async with self.transport.open(Request(url=url)) as answer:
                return answer.head.content_length if answer.head.status == _OK else None
        except TransferError:
            return None
