"""What an export says: a bar on a terminal, a line for what is left out, JSON lines, and the summary."""

from __future__ import annotations

import sys
from contextlib import nullcontext, suppress
from types import TracebackType
from typing import Any, Never, Self

import msgspec
from tqdm import tqdm

from archiver.assembly.exporting import Exported, ExportRequest
from archiver.cli.results import open_results
from archiver.cli.text import clean, complain, counted, is_terminal, writable
from archiver.dataset.events import (
    ExportEvent,
    ExportNoticed,
    ExportPlanned,
    FileWritten,
    SampleLost,
    SampleTaken,
)
from archiver.domain.quantity import show_size

_BAR = "{desc}: {n_fmt}/{total_fmt} |{bar}| {elapsed}, {remaining} left"
# What a person reads on a screen or in a mail; the rest is counted.
_SHOWN_LOSSES = 20


class ExportOutput:
    """Watches an export. Use `with` around it, then `finish`."""

    def __init__(self, *, is_json: bool, is_quiet: bool) -> None:
        self._is_json = is_json
        self._is_quiet = is_quiet
        self._write = open_results(is_utf8=is_json)
        self._bar: tqdm[Never] | None = None
        self._lost = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            with suppress(OSError):
                self._bar.close()

    def __call__(self, event: ExportEvent) -> None:
        """Tell of one event."""
        match event:
            case ExportPlanned(samples):
                self._begin_bar(samples)
            case SampleTaken():
                if self._bar is not None:
                    self._bar.update()
            case ExportNoticed(message):
                self._notice(message)
            case SampleLost(generation_id, reason):
                self._lose(generation_id, reason)
            case FileWritten(file, is_held):
                self._tell({"event": "file", **msgspec.to_builtins(file), "resumed": is_held})

    def finish(self, found: Exported, request: ExportRequest, seconds: float) -> None:
        """Say what it came to."""
        record = found.record
        counts = record.counts
        summary = {
            "event": "summary",
            "format": record.format,
            "path": writable(str(request.destination.path)),
            "unchanged": found.is_unchanged,
            "samples": counts["samples"],
            "splits": {split: len(ids) for split, ids in record.ids.items()},
            "files": counts["files"],
            "bytes": counts["bytes"],
            "left_out": found.lost,
            "seconds": round(seconds, 3),
            "exit_code": found.exit_code,
        }
        self._tell(summary)
        if self._lost > _SHOWN_LOSSES and not self._is_json:
            complain(f"… and {self._lost - _SHOWN_LOSSES} more left out")
        if self._is_json or self._is_quiet:
            return
        if found.is_unchanged:
            self._write(clean(f"{request.destination.path} holds this dataset already: nothing to do"))
            return
        splits = ", ".join(f"{split} {len(ids)}" for split, ids in record.ids.items())
        samples, files = counted(counts["samples"], "sample"), counted(counts["files"], "file")
        where = f"{request.destination.path}: {record.format}, {samples} ({splits})"
        self._write(clean(f"{where}, {files}, {show_size(counts['bytes'])} in {seconds:.1f} s"))

    def _begin_bar(self, samples: int) -> None:
        if is_terminal(sys.stderr) and not self._is_quiet:
            self._bar = tqdm(
                desc="samples",
                total=samples,
                bar_format=_BAR,
                file=sys.stderr,
                dynamic_ncols=True,
                leave=False,
            )

    def _notice(self, message: str) -> None:
        self._tell({"event": "notice", "message": message})
        if not self._is_quiet:
            self._complain(message)

    def _lose(self, generation_id: str, reason: str) -> None:
        self._lost += 1
        self._tell({"event": "left_out", "id": generation_id, "error": reason})
        if self._lost <= _SHOWN_LOSSES:
            self._complain(f"{generation_id}: left out: {reason}")

    def _tell(self, event: dict[str, Any]) -> None:
        if self._is_json:
            self._write(msgspec.json.encode(event).decode())

    def _complain(self, message: str) -> None:
        # Without a bar tqdm would make its locks, and an interruption amid that ends in an error of its own.
        with tqdm.external_write_mode(file=sys.stderr) if self._bar else nullcontext():
            complain(message)
