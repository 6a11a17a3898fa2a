"""Python in a process of its own, to be killed or to stand in another's way."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Where `archiver` and `tests` can be imported from.
ROOT = Path(__file__).parents[2]


@contextmanager
def running(script: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run a script; it has said a line when this is entered, and is killed (SIGKILL) when this is left."""
    command = [sys.executable, "-c", script, *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(  # noqa: S603 - our own scripts
        command, stdin=pipe, stdout=pipe, text=True, cwd=ROOT
    ) as process:
        if process.stdout is None:
            msg = "no pipe"
            raise RuntimeError(msg)
        process.stdout.readline()
        try:
            yield process
        finally:
            process.kill()
