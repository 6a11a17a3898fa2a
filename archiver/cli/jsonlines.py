"""A run told to a program: the contract's JSON lines on standard output."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from archiver.domain.events import Event, GenerationFinished, GenerationPlanned, RowRejected
from archiver.domain.outcome import GenerationResult, RunReport


class JsonLines:
    """Writes a line for each generation and each bad row, and one for the end."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write

    def __call__(self, event: Event) -> None:
        """Write the line of an event that has one."""
        match event:
            case GenerationFinished(result):
                self._line({"event": "generation", **_generation(result)})
            case RowRejected(file, line, reason):
                self._line({"event": "row", "file": _text(file), "line": line, "error": _text(reason)})
            case GenerationPlanned(name, path, assets):
                self._line({"event": "planned", "id": name, "path": path, "assets": assets})
            case _:
                pass

    def finish(self, report: RunReport) -> None:
        """Write the summary."""
        self._line(
            {
                "event": "summary",
                **{outcome.value: count for outcome, count in report.tally.counts.items()},
                "bytes": report.tally.bytes_fetched,
                "seconds": report.seconds,
                "exit_code": report.exit_code,
            }
        )

    def _line(self, value: dict[str, Any]) -> None:
        line = msgspec.json.encode(value).decode()
        self._write(line if line.isprintable() else "".join(map(_escaped, line)))


def _generation(result: GenerationResult) -> dict[str, Any]:
    error = result.error
    return {
        "id": result.id,
        "state": result.state,
        "outcome": result.outcome,
        "path": result.path,
        "bytes": result.bytes_fetched,
        "seconds": round(result.seconds, 3),
        "assets": result.assets,
        "error": error and {"kind": error.kind, "message": _text(error.message)},
    }


def _escaped(character: str) -> str:
    """Return a character as a terminal can be shown it: JSON allows controls from U+007F on, and turns.

    Outside strings JSON has none (RFC 8259 §2), and within them an escape means the same (§7).
    """
    if character.isprintable():
        return character
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def _text(text: str) -> str:
    """Return text that can be UTF-8: a file's name may hold bytes that are none (PEP 383)."""
    return text.encode(errors="backslashreplace").decode()
