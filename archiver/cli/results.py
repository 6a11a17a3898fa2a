"""Standard output of a command that only reads: whole lines, to whoever reads them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Never

import click

from archiver.cli.streams import LineStream
from archiver.cli.wording import CLOSED_PIPE
from archiver.domain.errors import RunError


def open_results(*, is_utf8: bool = False) -> Callable[[str], None]:
    """Return what writes a line, in UTF-8 or in the terminal's own encoding.

    A reader that went away (`| head`) ends the command without a word; writing otherwise raises `RunError`.
    """
    return LineStream(sys.stdout, _end, encoding="utf-8" if is_utf8 else None).write


def _end(error: OSError) -> Never:
    if isinstance(error, BrokenPipeError):
        raise click.exceptions.Exit(CLOSED_PIPE)
    msg = f"standard output cannot be written: {error.strerror}"
    raise RunError(msg) from error
