"""A run told to a program: the contract's JSON lines on standard output."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from archiver.cli.audited import audit_counts, finding_line
from archiver.cli.text import writable
from archiver.domain.events import (
    AssetAudited,
    Event,
    FileUnknown,
    GenerationFinished,
    GenerationPlanned,
    RowRejected,
)
from archiver.domain.outcome import GenerationResult, RunReport


class JsonLines:
    """Writes a line for each generation and each bad row, and one for the end."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write

    def __call__(self, event: Event) -> None:
        """Write the line of an event that has one."""
        if line := event_line(event):
            self._line(line)

    def finish(self, report: RunReport) -> None:
        """Write the summary."""
        self._line(summary_line(report))

    def _line(self, value: dict[str, Any]) -> None:
        line = msgspec.json.encode(value).decode()
        self._write(line if line.isprintable() else "".join(map(_escaped, line)))


def event_line(event: Event) -> dict[str, Any] | None:
    """Return what is told of an event; None where nothing is."""
    match event:
        case GenerationFinished(result):
            return generation_line(result)
        case RowRejected(file, line, reason):
            return {"event": "row", "file": writable(file), "line": line, "error": writable(reason)}
        case GenerationPlanned(name, path, assets):
            return {"event": "planned", "id": name, "path": path, "assets": assets}
        case AssetAudited(finding):
            return finding_line(finding)
        case FileUnknown(path):
            return {"event": "unknown", "path": writable(path)}
        case _:
            return None


def generation_line(result: GenerationResult) -> dict[str, Any]:
    """Return what is told of a generation's end."""
    error = result.error
    return {
        "event": "generation",
        "id": result.id,
        "state": result.state,
        "outcome": result.outcome,
        "path": result.path,
        "bytes": result.bytes_fetched,
        "seconds": round(result.seconds, 3),
        "assets": result.assets,
        "error": error and {"kind": error.kind, "message": writable(error.message)},
    }


def _escaped(character: str) -> str:
    """Return a character as a terminal can be shown it: JSON allows controls from U+007F on, and turns.

    Outside strings JSON has none (RFC 8259 §2), and within them an escape means the same (§7).
    """
    if character.isprintable():
        return character
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def summary_line(report: RunReport) -> dict[str, Any]:
    """Return what is told of a run's end."""
    audit = report.tally.audit
    counts = {outcome.value: count for outcome, count in report.tally.counts.items()}
    return {
        "event": "summary",
        **(audit_counts(audit) if audit else counts),
        "bytes": report.tally.bytes_fetched,
        "seconds": report.seconds,
        "exit_code": report.exit_code,
    }
