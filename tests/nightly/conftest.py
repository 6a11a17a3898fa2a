"""No test reads the configuration or the key of whoever runs it; commands run in this process."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.nightly.nights import Nights
from tests.nightly.program import Program
from tests.simulator import Service


@pytest.fixture(autouse=True)
def configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where this test's `config.toml` would be; nothing of the program's is in the environment."""
    for name in list(os.environ):
        if name.startswith("LUMA_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "configuration"))
    folder = tmp_path / "configuration" / "luma-archiver"
    folder.mkdir(parents=True)
    return folder / "config.toml"


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
