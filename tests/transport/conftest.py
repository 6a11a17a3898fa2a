"""Every test that asks for `engine` runs over both."""

from __future__ import annotations

import pytest

from archiver.transport.options import HttpEngine


@pytest.fixture(params=[HttpEngine.PYREQWEST, HttpEngine.HTTPX])
def engine(request: pytest.FixtureRequest) -> HttpEngine:
    """Return one of the two engines."""
    return HttpEngine(request.param)
