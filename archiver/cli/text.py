"""Text that is safe to show: whatever it holds, it is one line and moves no cursor."""

from __future__ import annotations

import os
from typing import TextIO

import click


def clean(text: str) -> str:
    """Return `text` with everything escaped that is not plainly visible.

    That is control characters and escape sequences, line ends, invisible and direction-turning
    characters (Unicode TR 36, "bidirectional text spoofing"), and bytes that were no UTF-8.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def complain(text: str) -> None:
    """Tell a person, on standard error, of something that concerns no single generation."""
    click.echo(f"luma-archiver: {clean(text)}", err=True)


def counted(number: int, what: str) -> str:
    """Return `1 file` or `3 files`."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def may_colour(stream: TextIO | None) -> bool:
    """Tell whether colours are wanted there: on a terminal, unless NO_COLOR is set (no-color.org)."""
    return is_terminal(stream) and not os.environ.get("NO_COLOR")


def is_terminal(stream: TextIO | None) -> bool:
    """Tell whether a person watches, through something that can move its cursor."""
    return stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb"


def paint(word: str, colour: str, *, wanted: bool) -> str:
    """Return the word in a colour of the terminal, where that is wanted."""
    return click.style(word, fg=colour) if wanted else word


def writable(text: str) -> str:
    """Return text that can be UTF-8: a file's name may hold bytes that are none (PEP 383)."""
    return text.encode(errors="backslashreplace").decode()
