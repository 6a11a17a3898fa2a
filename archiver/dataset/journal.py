"""What of a dataset is written already, aside: a line for each file, so that a broken-off export goes on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct, field

from archiver.dataset.record import FileRecord
from archiver.storage.linefile import LineFile

JOURNAL = "journal.jsonl"
# A line that outlives a power cut costs a sync; what a break takes with it is written again: never much.
_LINES_A_SYNC = 256
_BYTES_A_SYNC = 64 << 20


class Held(FileRecord, frozen=True, kw_only=True):
    """A file that is written whole; `lost` are the ids that were left out of it, with the reason."""

    lost: dict[str, str] = field(default_factory=dict)


class _Head(Struct, frozen=True):
    fingerprint: str


class Journal:
    """The journal in an export's folder for what is unfinished. Every method raises `ArchiveError`."""

    def __init__(self, folder: Path) -> None:
        self._file = LineFile(folder, JOURNAL)
        self._waiting: list[bytes] = []
        self._bytes = 0

    def fingerprint(self) -> str | None:
        """Return whose journal it is; None where there is none."""
        first = next(self._file.lines(), None)
        with suppress(msgspec.MsgspecError):
            return msgspec.json.decode(first, type=_Head).fingerprint if first else None
        return None

    def begin(self, fingerprint: str) -> None:
        """Begin an empty one."""
        self._file.append([msgspec.json.encode(_Head(fingerprint))])

    def entries(self) -> Iterator[Held]:
        """Give what is written; a line that cannot be read is passed over: its file is written again."""
        for line in self._file.lines():
            with suppress(msgspec.MsgspecError):
                yield msgspec.json.decode(line, type=Held)

    def note(self, held: Held) -> None:
        """Take note of a file."""
        self._waiting.append(msgspec.json.encode(held))
        self._bytes += held.bytes
        if len(self._waiting) >= _LINES_A_SYNC or self._bytes >= _BYTES_A_SYNC:
            self.flush()

    def flush(self) -> None:
        """Write down what was noted."""
        lines, self._waiting, self._bytes = self._waiting, [], 0
        if lines:
            self._file.append(lines)
