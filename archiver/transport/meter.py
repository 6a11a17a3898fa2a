"""Measures a transport: bytes and pieces that arrive, requests that are open, how long heads take."""

from __future__ import annotations

from archiver.domain.concurrency import FEWEST_PIECES, Window, shortest_window_s

# Of the mean of how long heads take, what each new one counts for, as in TCP's own (RFC 6298 §2).
_NEWEST = 1 / 8


class Meter:
    """What has happened since the window began; all moments are seconds on one clock."""

    def __init__(self, now_s: float) -> None:
        self._head_s: float | None = None
        self._shortest_s = shortest_window_s(0.0)
        self._open = 0
        self._begin(now_s)

    def opened(self, now_s: float) -> None:
        """Count one more open request."""
        if not self._pieces:
            # Until the first bytes the line was being filled.
            self._begin(now_s)
        self._account(now_s)
        self._open += 1

    def closed(self, now_s: float) -> None:
        """Count one less."""
        self._account(now_s)
        self._open -= 1

    def head_took(self, seconds: float) -> None:
        """Take note of how long a head took to come, the connection included."""
        mean_s = self._head_s
        self._head_s = seconds if mean_s is None else mean_s + _NEWEST * (seconds - mean_s)
        self._shortest_s = shortest_window_s(self._head_s)

    def received(self, size: int, now_s: float) -> Window | None:
        """Count a piece; return the window that is over with it, and begin the next."""
        self._bytes += size
        self._pieces += 1
        if self._pieces < FEWEST_PIECES or now_s - self._since_s < self._shortest_s:
            return None
        self._account(now_s)
        seconds = now_s - self._since_s
        window = Window(received=self._bytes, seconds=seconds, in_flight=self._opened_s / seconds)
        self._begin(now_s)
        return window

    def _begin(self, now_s: float) -> None:
        self._bytes = self._pieces = 0
        self._since_s = self._seen_s = now_s
        self._opened_s = 0.0

    def _account(self, now_s: float) -> None:
        self._opened_s += self._open * (now_s - self._seen_s)
        self._seen_s = now_s
