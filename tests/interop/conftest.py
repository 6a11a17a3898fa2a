"""Both engines meet every server."""

from __future__ import annotations

import pytest

from archiver.transport.options import HttpEngine


@pytest.fixture(params=[HttpEngine.PYREQWEST, HttpEngine.HTTPX])
def engine(request: pytest.FixtureRequest) -> HttpEngine:
    """Return each engine in turn."""
    return HttpEngine(request.param)
