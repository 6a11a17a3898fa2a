"""The one loop around everything that may pass by itself."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.domain.errors import ArchiverError, BrokenError, StatusError, TooLargeError
from archiver.domain.errors import Disposition as Do
from archiver.domain.timing import RetryPolicy
from archiver.runtime.retrying import Retrier


class RecordedClock:
    """A clock on which sleeping costs nothing and is written down."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> datetime:
        """Return a fixed moment."""
        return datetime(2026, 1, 1, tzinfo=UTC)

    def monotonic_s(self) -> float:
        """Return the seconds slept."""
        return sum(self.slept)

    def jitter(self) -> float:
        """Draw the middle."""
        return 0.5

    async def sleep(self, seconds: float) -> None:
        """Write the pause down."""
        self.slept.append(seconds)


class Script:
    """An attempt that fails as it is told, then returns; each failure leaves so many bytes held."""

    def __init__(self, *failures: tuple[ArchiverError, int]) -> None:
        self.failures = list(failures)
        self.held = 0
        self.retries: list[float] = []

    async def attempt(self) -> str:
        """Fail once, or return."""
        if self.failures:
            error, self.held = self.failures.pop(0)
            raise error
        return "done"

    async def run(self, retries: int) -> str:
        """Run under a policy of one second first."""
        clock = RecordedClock()
        retrier = Retrier(policy=RetryPolicy(retries=retries), clock=clock)
        try:
            return await retrier.run(self.attempt, on_retry=lambda *_: None, held=lambda: self.held)
        finally:
            self.retries = clock.slept


async def test_what_may_pass_is_tried_again_until_it_does() -> None:
    """Two failures, two pauses, one result."""
    script = Script((BrokenError("cut"), 0), (BrokenError("cut"), 0))
    assert await script.run(retries=2) == "done"
    assert len(script.retries) == 2
    assert script.retries[0] < script.retries[1]


async def test_the_last_error_says_how_often_it_was_tried() -> None:
    """A person wants to know whether trying by hand makes sense."""
    script = Script(*((BrokenError("cut"), 0) for _ in range(5)))
    with pytest.raises(BrokenError) as caught:
        await script.run(retries=3)
    assert caught.value.attempts == 4
    assert caught.value.record().message == "cut (after 4 tries)"


async def test_what_cannot_pass_is_raised_at_once() -> None:
    """A body that is too large stays too large."""
    script = Script((TooLargeError("large"), 0))
    with pytest.raises(TooLargeError):
        await script.run(retries=5)
    assert script.retries == []


@given(st.integers(min_value=1, max_value=40))
async def test_coming_further_each_time_never_runs_out_of_retries(breaks: int) -> None:
    """A line that breaks every megabyte still brings the file home."""
    script = Script(*((BrokenError("cut"), position) for position in range(1, breaks + 1)))
    assert await script.run(retries=1) == "done"


async def test_coming_as_far_again_and_again_is_no_progress() -> None:
    """A server without ranges that breaks at the same byte would otherwise be asked for ever."""
    script = Script(*((BrokenError("cut"), 65_536) for _ in range(10)))
    with pytest.raises(BrokenError):
        await script.run(retries=3)
    assert len(script.retries) == 3


async def test_a_server_s_own_pause_wins_over_a_shorter_back_off() -> None:
    """`Retry-After` is a request, not a hint."""
    error = StatusError("busy", status=503, disposition=Do.RETRY, retry_after_s=40.0)
    script = Script((error, 0))
    await script.run(retries=1)
    assert script.retries == [40.0]
