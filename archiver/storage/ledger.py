"""The run ledger: `runs.jsonl`, a line when a run begins and a line when it ends."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from archiver.domain.ledger import (
    LedgerLine,
    RunBegin,
    RunEnd,
    RunRecord,
    decode_ledger_line,
    encode_ledger_line,
)
from archiver.domain.naming import RUNS
from archiver.storage.linefile import LineFile


class Ledger:
    """The runs of an archive. Blocking; every method raises `ArchiveError`."""

    def __init__(self, root: Path) -> None:
        self._file = LineFile(root, RUNS)

    def write(self, line: LedgerLine) -> None:
        """Write that a run began, or how it ended; this outlives a power cut."""
        self._file.append((encode_ledger_line(line),))

    def runs(self) -> Iterator[RunRecord]:
        """Give the runs, the latest first; of the file only as much is read as is asked for."""
        ends: dict[str, RunEnd] = {}
        for data in self._file.lines_backwards():
            match decode_ledger_line(data):
                case RunEnd() as end:
                    ends[end.run] = end
                case RunBegin() as begin:
                    yield RunRecord(begin=begin, end=ends.pop(begin.run, None))
                case None:
                    continue
