"""Command lines run to their end, in this process."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from archiver.cli.main import main
from tests.simulator import API_KEY, Service


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


async def run_process(*arguments: str | Path, environment: Mapping[str, str], stdin: bytes = b"") -> Ended:
    """Run `luma-archiver ARGUMENTS` in its own process, while this one's event loop serves it."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "archiver", *map(str, arguments)),
        env={**os.environ, **environment},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(60):
        out, err = await process.communicate(stdin)
    return Ended(process.returncode or 0, out.decode(), err.decode())


def at(service: Service, archive: Path) -> dict[str, str]:
    """Return the environment that leads a process to the simulated service and to an archive."""
    return {
        "LUMA_API_KEY": API_KEY,
        "LUMA_ARCHIVER_API_BASE": service.api_base,
        "LUMA_ARCHIVER_ALLOW_PRIVATE_HOSTS": "1",
        "LUMA_ARCHIVER_ARCHIVE": str(archive),
        "LUMA_ARCHIVER_RETRIES": "0",
    }


def is_there(path: Path) -> bool:
    """Tell whether something stands at a path."""
    return path.exists()
