"""What the service was asked and what it sent: tests count requests, bytes and connections here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

API_PREFIX = "/luma/"


@dataclass(slots=True, kw_only=True)
class Exchange:
    """One request and what became of it; `time_s` is the event loop's.

    `status` is None until a status line was sent. `body_bytes` are those handed to the kernel, without the
    framing of chunks.
    """

    time_s: float
    host: str
    port: int
    connection: int
    method: str
    target: str
    headers: Mapping[str, str]
    status: int | None = None
    body_bytes: int = 0

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    @property
    def is_api(self) -> bool:
        """True for a question to the API, False for a file."""
        return self.path.startswith(API_PREFIX)


class Log(list[Exchange]):
    """All exchanges, in the order of their requests."""

    @property
    def api(self) -> Log:
        """The questions to the API."""
        return Log(exchange for exchange in self if exchange.is_api)

    @property
    def media(self) -> Log:
        """The requests for files."""
        return Log(exchange for exchange in self if not exchange.is_api)

    def to(self, path: str) -> Log:
        """Return those for one path, under any query."""
        return Log(exchange for exchange in self if exchange.path == path)

    @property
    def statuses(self) -> list[int | None]:
        """The status of each."""
        return [exchange.status for exchange in self]

    @property
    def body_bytes(self) -> int:
        """The bytes of body that were sent in all of them."""
        return sum(exchange.body_bytes for exchange in self)

    @property
    def connections(self) -> set[int]:
        """The numbers of the connections that they came over."""
        return {exchange.connection for exchange in self}


@dataclass(slots=True)
class Gauge:
    """How many there are at once, and how many there were at most."""

    now: int = 0
    peak: int = 0

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count one more until the end of the block."""
        self.now += 1
        self.peak = max(self.peak, self.now)
        try:
            yield
        finally:
            self.now -= 1
