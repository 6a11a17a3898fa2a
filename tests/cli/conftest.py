"""No test reads the configuration or the key of whoever runs it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


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
