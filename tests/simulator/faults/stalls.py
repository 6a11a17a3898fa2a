"""Answers that do not come on: nothing is closed, nothing arrives."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from tests.simulator.answering import Fault
from tests.simulator.wire import Response, Wire

_PIECES_A_SECOND = 50


@dataclass(frozen=True, slots=True)
class Silence(Fault):
    """No answer, until the client leaves."""

    async def send(self, wire: Wire, response: Response) -> None:
        """Wait."""
        del response
        await wire.until_client_leaves()
        wire.close()


@dataclass(frozen=True, slots=True)
class StallAfter(Fault):
    """`count` bytes of the body, then nothing more, until the client leaves."""

    count: int

    async def send(self, wire: Wire, response: Response) -> None:
        """Send the beginning, wait."""
        await wire.send_beginning(response, self.count)
        await wire.until_client_leaves()
        wire.close()


@dataclass(frozen=True, slots=True)
class SlowBody(Fault):
    """The whole body at so many bytes a second."""

    bytes_per_s: float

    async def send(self, wire: Wire, response: Response) -> None:
        """Send the body in even, small pieces."""
        await wire.send_beginning(response, 0)
        size = max(1, round(self.bytes_per_s / _PIECES_A_SECOND))
        for start in range(0, len(response.body), size):
            await asyncio.sleep(size / self.bytes_per_s)
            await wire.send_body(response.body[start : start + size])
