"""What every test of a machine's failures needs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.machine.program import Program
from tests.simulator import Service


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    """Run the simulated service."""
    async with Service() as service:
        yield service


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Return where the archive is to be; nothing is there yet."""
    return tmp_path / "archive"


@pytest.fixture
def program(service: Service, archive: Path, heard_signals: None) -> Program:  # noqa: ARG001 - is in force
    """Return the program, for that archive and that service."""
    return Program(service=service, archive=archive)
