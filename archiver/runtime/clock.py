"""Time and chance, behind one door."""

from __future__ import annotations

import asyncio
import random
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What tells the time, lets time pass and draws jitter."""

    def now(self) -> datetime:
        """Return this moment in UTC."""

    def monotonic_s(self) -> float:
        """Return seconds on a clock that is never set back."""

    def jitter(self) -> float:
        """Return a number in [0, 1), drawn evenly."""

    async def sleep(self, seconds: float) -> None:
        """Let `seconds` pass."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return this moment in UTC."""
        return datetime.now(UTC)

    def monotonic_s(self) -> float:
        """Return seconds on a clock that is never set back."""
        return time.monotonic()

    def jitter(self) -> float:
        """Return a number in [0, 1), drawn evenly."""
        return random.random()  # noqa: S311 - spreads retries; nothing is kept secret by it

    async def sleep(self, seconds: float) -> None:
        """Let `seconds` pass."""
        await asyncio.sleep(seconds)
