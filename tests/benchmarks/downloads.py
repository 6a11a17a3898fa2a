"""Whoever downloads a site: what they run, where they leave things, and that they left the right ones."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from tests.benchmarks.corpus import Item
from tests.benchmarks.hosting import Site
from tests.benchmarks.measured import Run


class WrongError(Exception):
    """A run that is not worth comparing: something is missing, false, or was not asked for."""


class Downloader(Protocol):
    """Ours, or a peer."""

    @property
    def name(self) -> str:
        """What it is called."""

    def download(self, site: Site, out: Path) -> Run:
        """Fetch all of a site into `out`, measured and checked. Raises `WrongError`."""


def check_files(expected: Iterator[tuple[Path, Item]]) -> None:
    """See that every file is there with the right bytes. Raises `WrongError`."""
    for path, item in expected:
        if not path.is_file():
            msg = f"{path} is missing"
            raise WrongError(msg)
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != item.sha256:
            msg = f"{path} is not what was served"
            raise WrongError(msg)


def check_code(name: str, run: Run) -> None:
    """See that a command says that it succeeded. Raises `WrongError`."""
    if run.code:
        msg = f"{name} ended with exit code {run.code}: {(run.err or run.out).strip()[-500:]!a}"
        raise WrongError(msg)
