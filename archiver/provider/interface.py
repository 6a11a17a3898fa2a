"""What every provider can do. The next service is one new file beside `relay.py`."""

from __future__ import annotations

from typing import Protocol

from archiver.domain.generation import Generation
from archiver.domain.identity import GenerationId


class Provider(Protocol):
    """A service that knows generations. Nothing above it knows the shape of its URLs or answers."""

    @property
    def name(self) -> str:
        """The word for this service in sidecars."""

    @property
    def api_base(self) -> str:
        """Where it answers, without a key."""

    async def resolve(self, generation_id: GenerationId) -> Generation:
        """Ask for one generation.

        Raises `ResolveError` or `TransferError`, each naming the generation; `RunError` where no
        further question makes sense (the key is refused).
        """

    def read(self, generation_id: GenerationId, answer: bytes) -> Generation:
        """Read an answer that was saved before. Raises `ResolveError`."""
