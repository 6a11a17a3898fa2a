"""One file that takes any bytes, to be looked at."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from archiver.domain.checks import Inspection
from archiver.media.inspection import inspect_media

Look = Callable[[bytes], Inspection]


@pytest.fixture(scope="session")
def look(tmp_path_factory: pytest.TempPathFactory) -> Look:
    """Return a function that says what is in a file of these bytes."""
    path: Path = tmp_path_factory.mktemp("media") / "asset"

    def inspect(data: bytes) -> Inspection:
        path.write_bytes(data)
        return inspect_media(path)

    return inspect
