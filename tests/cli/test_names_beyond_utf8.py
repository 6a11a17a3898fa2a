"""A folder's name may hold bytes that are no UTF-8 (PEP 383): every command works there all the same."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from archiver.cli.main import main
from tests.dataset.shelf import put


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Return an archive in a folder with a name from another decade."""
    root = tmp_path / os.fsdecode(b"caf\xe9")
    put(root, "a", prompt="a cat")
    return root


@pytest.mark.parametrize(
    "words", [("status",), ("config",), ("gallery",), ("list",), ("export", "csv", "DEST"), ("verify",)]
)
def test_json_is_json_whatever_the_archive_is_called(
    archive: Path, capfdbinary: pytest.CaptureFixture[bytes], words: tuple[str, ...]
) -> None:
    """Other programs read it; the bytes are shown as escapes."""
    words = tuple(str(archive.parent / os.fsdecode(b"ds\xe9")) if word == "DEST" else word for word in words)
    assert main([*words, "--archive", str(archive), "--json"]) == 0
    lines = capfdbinary.readouterr().out.decode().splitlines()
    assert lines
    assert all(isinstance(json.loads(line), dict) for line in lines)
