"""Where a generation's files can be fetched right now."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from archiver.domain.errors import ArchiverError, RunError, UsageError
from archiver.domain.generation import Asset, Generation, State
from archiver.domain.identity import AssetName
from archiver.domain.signature import expires_soon
from archiver.runtime.clock import Clock


class UrlSource:
    """A generation's URLs. They are resolved afresh at most once, for all its assets together."""

    def __init__(
        self, generation: Generation, *, resolve: Callable[[], Awaitable[Generation]], clock: Clock
    ) -> None:
        self.generation = generation
        self._resolve = resolve
        self._clock = clock
        self._turn = asyncio.Lock()
        self._is_spent = False

    async def asset(self, name: AssetName) -> Asset:
        """Return the asset under a URL that works for two minutes more, where such a one can be had."""
        seen = self.generation
        url = seen.assets[name].url
        if url and expires_soon(url, self._clock.now()):
            await self.refresh(seen)
        return self.generation.assets[name]

    async def refresh(self, seen: Generation) -> bool:
        """Resolve afresh unless another asset has done so since `seen`; tell whether the URLs are newer.

        Raises `KeyRefusedError`; whatever else goes wrong only means that there are no newer URLs.
        """
        async with self._turn:
            if self.generation is not seen:
                return True
            if self._is_spent:
                return False
            self._is_spent = True
            found = await self._ask()
            if found is None:
                return False
            self.generation = found
            return True

    async def _ask(self) -> Generation | None:
        try:
            found = await self._resolve()
        except UsageError:
            # No key: a saved answer is archived without one, as long as its URLs live.
            return None
        except RunError:
            raise
        except ArchiverError:
            return None
        # An answer that has gone back, or lost an asset, does not replace what was promised.
        is_usable = found.state is State.COMPLETED and self.generation.assets.keys() <= found.assets.keys()
        return found if is_usable else None
