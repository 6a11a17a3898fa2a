"""What every test of a command needs: commands run in this process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.nightly.nights import Nights
from tests.nightly.program import Program
from tests.simulator import Service


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Return where the archive is to be; nothing is there yet."""
    return tmp_path / "archive"


@pytest.fixture
def program(archive: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Program:
    """Return the program, for this test's archive."""
    monkeypatch.setenv("LUMA_ARCHIVER_ARCHIVE", str(archive))
    return Program(capsys)


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    """Run the simulated service."""
    async with Service() as service:
        yield service


@pytest.fixture
def nights(service: Service, archive: Path) -> Nights:
    """Return the nights of one archive."""
    return Nights(service, archive)
