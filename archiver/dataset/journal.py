"""What of a dataset is written already, aside: a line for each file, so that a broken-off export goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct, field

from archiver.dataset.record import FileRecord
from archiver.storage.linefile import LineFile

JOURNAL = "journal.jsonl"
# A line that outlives a power cut costs a sync: one for each of a hundred thousand links would be many. What
# a break takes with it is done again, be it a gigabyte copied or a clip encoded: about so much work.
_SYNC_INTERVAL_S = 1.0
# What msgspec raises for a line that is none of ours, or no UTF-8.
_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError)


class Held(FileRecord, frozen=True, kw_only=True):
    """A file that is written whole; `lost` are the ids that were left out of it, with the reason."""

    lost: dict[str, str] = field(default_factory=dict)


class _Head(Struct, frozen=True):
    fingerprint: str


class Journal:
    """The journal in an export's folder for what is unfinished. Every method raises `ArchiveError`."""

    def __init__(self, folder: Path, now_s: Callable[[], float] = time.monotonic) -> None:
        self._file = LineFile(folder, JOURNAL)
        self._waiting: list[bytes] = []
        self._now_s = now_s
        self._synced_s = now_s()

    def fingerprint(self) -> str | None:
        """Return whose journal it is; None where there is none."""
        first = next(self._file.lines(), None)
        with suppress(*_UNREADABLE):
            return msgspec.json.decode(first, type=_Head).fingerprint if first else None
        return None

    def begin(self, fingerprint: str) -> None:
        """Begin an empty one."""
        self._file.append([msgspec.json.encode(_Head(fingerprint))])

    def entries(self) -> Iterator[Held]:
        """Give what is written; a line that cannot be read is passed over: its file is written again."""
        for line in self._file.lines():
            with suppress(*_UNREADABLE):
                yield msgspec.json.decode(line, type=Held)

    def note(self, held: Held) -> None:
        """Take note of a file."""
        self._waiting.append(msgspec.json.encode(held))
        if self._now_s() - self._synced_s >= _SYNC_INTERVAL_S:
            self.flush()

    def flush(self) -> None:
        """Write down what was noted."""
        lines, self._waiting = self._waiting, []
        if lines:
            self._file.append(lines)
        self._synced_s = self._now_s()
