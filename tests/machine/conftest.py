"""What every test of a machine's failures needs."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator, Iterator
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
def program(service: Service, archive: Path) -> Program:
    """Return the program, for that archive and that service."""
    return Program(service=service, archive=archive)


@pytest.fixture(autouse=True)
def _heard_signals() -> Iterator[None]:
    """Let programs that are started hear SIGINT and SIGHUP, even if the tests run under `nohup` or `&`."""
    numbers = (signal.SIGINT, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    for number in numbers:
        signal.signal(number, signal.default_int_handler)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
