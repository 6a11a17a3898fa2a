"""What every test of a fault needs; the simulated service comes from the folder above."""

from __future__ import annotations

from pathlib import Path

import pytest

from archiver.transport.options import HttpEngine


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Return where the archive is to be; nothing is there yet."""
    return tmp_path / "archive"


@pytest.fixture(params=[HttpEngine.PYREQWEST, pytest.param(HttpEngine.HTTPX, marks=pytest.mark.slow)])
def engine(request: pytest.FixtureRequest) -> HttpEngine:
    """Return each engine in turn; the engines' own differences are tested quickly in `tests/transport`."""
    return HttpEngine(request.param)
