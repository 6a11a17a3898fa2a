"""Try again: the one loop around everything that may pass by itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from archiver.domain.errors import ArchiverError, Disposition
from archiver.domain.timing import RetryPolicy
from archiver.runtime.clock import Clock

T = TypeVar("T")


@dataclass(slots=True, kw_only=True)
class Attempts:
    """What one series of tries has come to; `furthest` is the most bytes that any of them held."""

    made: int = 0
    failures_in_a_row: int = 0
    furthest: int = 0

    def count(self, held: int) -> None:
        """Count a failure after which `held` bytes are kept. Having come further resets the row."""
        self.made += 1
        self.failures_in_a_row = 1 if held > self.furthest else self.failures_in_a_row + 1
        self.furthest = max(self.furthest, held)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrier:
    """Repeats an attempt while its errors say RETRY and the policy allows."""

    policy: RetryPolicy
    clock: Clock

    async def run(
        self,
        attempt: Callable[[], Awaitable[T]],
        *,
        on_retry: Callable[[ArchiverError, float], None],
        held: Callable[[], int] = lambda: 0,
    ) -> T:
        """Return what the attempt returns.

        `held` tells how many bytes are kept so far: while they grow, the retries do not run out.
        Raises the last error, which then knows how many attempts were made.
        """
        attempts = Attempts(furthest=held())
        while True:
            try:
                return await attempt()
            except ArchiverError as error:
                attempts.count(held())
                error.attempts = attempts.made
                if error.disposition is not Disposition.RETRY:
                    raise
                if attempts.failures_in_a_row > self.policy.retries:
                    raise
                pause_s = self._pause_s(error, attempts.failures_in_a_row)
                on_retry(error, pause_s)
            await self.clock.sleep(pause_s)

    def _pause_s(self, error: ArchiverError, failures: int) -> float:
        backoff_s = self.policy.delay_s(failures, self.clock.jitter())
        return max(backoff_s, error.retry_after_s or 0.0)
