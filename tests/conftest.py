"""What every test may ask for: the simulated service, a clip, signals that are heard.

No test reads the configuration or the key of whoever runs it.
"""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import settings

from tests.simulator import Clip, Service, make_clip

# A slow machine is no failure, and a failure on CI can be had again at home.
settings.register_profile("ci", deadline=None, derandomize=True)
settings.register_profile("default", deadline=None)
settings.register_profile("thorough", deadline=None, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


@pytest_asyncio.fixture
async def service() -> AsyncIterator[Service]:
    """Return a simulated service with API and media on ports of their own."""
    async with Service() as running:
        yield running


@pytest.fixture(scope="session")
def clip() -> Clip:
    """Return the usual clip: 64x48, a second of 24 frames."""
    return make_clip()


@pytest.fixture
def heard_signals() -> Iterator[None]:
    """Let this process, and those that it starts, hear SIGINT and SIGHUP, even under `nohup` or `&`."""
    numbers = (signal.SIGINT, signal.SIGHUP)
    before = [signal.signal(number, signal.default_int_handler) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


@pytest.fixture(autouse=True)
def configuration(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where this test's `config.toml` would be; nothing of the program's is in the environment."""
    for name in list(os.environ):
        if name.startswith("LUMA_"):
            monkeypatch.delenv(name)
    home = tmp_path_factory.mktemp("configuration")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home))
    folder = home / "luma-archiver"
    folder.mkdir()
    return folder / "config.toml"
