"""Blocks of the README, by the comment that marks each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).parents[2]
README = (PROJECT / "README.md").read_text(encoding="utf-8")

# Sizes, times and pauses differ from machine to machine; lines and words do not.
_MEASURED = re.compile(r"\d+(\.\d+)? (B|kB|MB|s)\b")


@dataclass(frozen=True, slots=True)
class Step:
    """A command of the session and the lines that it prints."""

    command: str
    lines: tuple[str, ...]


def block(mark: str) -> str:
    """Return the fenced block after `<!-- mark -->`."""
    found = re.search(rf"<!-- {mark} -->\n```\w+\n(.*?)```", README, re.DOTALL)
    assert found, f"the README has no block marked {mark}"
    return found[1]


def session() -> list[Step]:
    """Return the session's steps."""
    steps = []
    for part in block("session").split("$ ")[1:]:
        command, *lines = part.strip().splitlines()
        steps.append(Step(command, comparable(lines)))
    return steps


def comparable(lines: list[str]) -> tuple[str, ...]:
    """Return lines without what is measured, in an order of their own: generations end as they end."""
    return tuple(sorted(_MEASURED.sub("N", line) for line in lines))
