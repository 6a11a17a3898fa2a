"""Command lines run to their end, in this process."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from archiver.cli.main import main


@dataclass(frozen=True, slots=True)
class Ended:
    """What a command said and how it ended."""

    exit_code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """What stands on standard output, as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def ids(self) -> list[str]:
        """The ids in those lines."""
        return [line["id"] for line in self.lines]


class Program:
    """The program."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str) -> Ended:
        """Run `luma-archiver ARGUMENTS`."""
        self._capsys.readouterr()
        exit_code = main(arguments)
        out, err = self._capsys.readouterr()
        return Ended(exit_code, out, err)
