"""What every run of the program in a hostile world needs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from archiver.transport.options import HttpEngine
from tests.machine.program import Program
from tests.simulator import Service


@pytest_asyncio.fixture
async def service() -> AsyncIterator[Service]:
    """Run the simulated service."""
    async with Service() as service:
        yield service


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Return where the archive is to be; nothing is there yet."""
    return tmp_path / "archive"


@pytest.fixture
def program(service: Service, archive: Path) -> Program:
    """Return the program, for that archive and that service."""
    return Program(service=service, archive=archive)


@pytest.fixture(params=[HttpEngine.PYREQWEST, HttpEngine.HTTPX])
def engine(request: pytest.FixtureRequest) -> HttpEngine:
    """Return each engine in turn."""
    return HttpEngine(request.param)
