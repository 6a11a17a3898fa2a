"""A SHA-256 that runs along in a thread: hashing takes as long as reading and writing do together.

hashlib lets go of the interpreter while it works on more than 2 KB (Python's documentation, hashlib).
"""

from __future__ import annotations

import hashlib
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

# Handing less over to a thread takes longer than hashing it.
_WORTH_A_HOP_BYTES = 64 << 10


class RunningDigest:
    """A SHA-256 that is fed while its feeder goes on; `ahead` pieces at most are under way. Use `with`."""

    def __init__(self, ahead: int = 1) -> None:
        self._ahead = ahead
        self._digest = hashlib.sha256()
        # Its thread starts with the first piece that is worth it.
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._under_way: deque[Future[None]] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.shutdown()

    def feed(self, data: bytes | memoryview) -> None:
        """Begin to hash `data`; it must not change before `ahead` more pieces are fed, or it is settled."""
        if len(data) < _WORTH_A_HOP_BYTES:
            self.settle()
            self._digest.update(data)
            return
        while len(self._under_way) >= self._ahead:
            self._under_way.popleft().result()
        self._under_way.append(self._thread.submit(self._digest.update, data))

    def settle(self) -> None:
        """Return when all that was fed is hashed: every piece is the feeder's again."""
        while self._under_way:
            self._under_way.popleft().result()

    def hexdigest(self) -> str:
        """Return the SHA-256 of all that was fed, in hexadecimal."""
        self.settle()
        return self._digest.hexdigest()
