"""Where the bytes of a dataset's files go."""

from __future__ import annotations

from typing import Protocol


class Output(Protocol):
    """A staged file that is being written; its size and SHA-256 run along."""

    @property
    def size(self) -> int:
        """How many bytes are written."""
        ...

    def write(self, data: bytes | memoryview) -> int:
        """Append bytes, all of them. Raises `ArchiveError`, `DiskFullError`."""
        ...

    def room(self) -> memoryview:
        """Return memory, at least a byte, to be filled from its start on; `take` says how far it was."""
        ...

    def take(self, count: int) -> None:
        """Append the first bytes of what `room` gave last. Raises `ArchiveError`, `DiskFullError`.

        They may be read on, to hash them, until the file is closed or some megabytes more are appended.
        """
        ...

    def mark(self) -> None:
        """Remember this place: the one to which `rewind` goes back."""
        ...

    def rewind(self) -> None:
        """Take back what was written since the last mark, or since the beginning. Raises `ArchiveError`."""
        ...
