"""A SHA-256 that runs along in a thread: hashing takes as long as reading and writing do together.

hashlib lets go of the interpreter while it works on more than 2 KB (Python's documentation, hashlib).
"""

from __future__ import annotations

import hashlib
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

# Handing less over to a thread takes longer than hashing it.
_WORTH_A_HOP_BYTES = 64 << 10


class RunningDigest:
    """A SHA-256 that is fed while its feeder goes on; one piece at most is under way. Use `with`."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self._marked = self._digest.copy()
        # Its thread starts with the first piece that is worth it.
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._under_way: Future[None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.shutdown()

    def feed(self, data: bytes | memoryview) -> None:
        """Begin to hash `data`, which must not change before the next call of any method returns."""
        self.settle()
        if len(data) < _WORTH_A_HOP_BYTES:
            self._digest.update(data)
        else:
            self._under_way = self._thread.submit(self._digest.update, data)

    def settle(self) -> None:
        """Return when all that was fed is hashed: the last piece is the feeder's again."""
        under_way, self._under_way = self._under_way, None
        if under_way:
            under_way.result()

    def mark(self) -> None:
        """Remember this place."""
        self.settle()
        self._marked = self._digest.copy()

    def rewind(self) -> None:
        """Forget what was fed since the last mark, or since the beginning."""
        self.settle()
        self._digest = self._marked.copy()

    def hexdigest(self) -> str:
        """Return the SHA-256 of all that was fed, in hexadecimal."""
        self.settle()
        return self._digest.hexdigest()
