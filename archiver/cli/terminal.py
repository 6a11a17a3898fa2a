"""Which pictures the terminal can show: by what it says of itself in the environment, else by asking it."""

from __future__ import annotations

import os
import select
import sys
import termios
import time
import tty
from collections.abc import Mapping
from enum import StrEnum

from archiver.cli.text import is_terminal

# "Primary device attributes" (ECMA-48 DA): every terminal answers; a 4 in it means sixels.
_QUESTION = b"\x1b[c"
_SIXEL = "4"
# A terminal at the other end of an SSH connection answers within this, or is not worth waiting for.
_PATIENCE_S = 0.3
_ITERM_PROGRAMS = {"iTerm.app", "WezTerm", "mintty", "rio"}


class Protocol(StrEnum):
    """How a picture is shown inline."""

    KITTY = "kitty"
    ITERM = "iterm2"
    SIXEL = "sixel"


def detect_protocol() -> Protocol | None:
    """Return how standard output shows pictures; None where it does not, or is no terminal."""
    if not (is_terminal(sys.stdout) and is_terminal(sys.stdin)):
        return None
    return protocol_named(os.environ) or _ask(sys.stdin.fileno(), sys.stdout.fileno())


def protocol_named(environment: Mapping[str, str]) -> Protocol | None:
    """Return the protocol of a terminal that says in the environment which it is."""
    term, program = environment.get("TERM", ""), environment.get("TERM_PROGRAM", "")
    if "KITTY_WINDOW_ID" in environment or "kitty" in term or program == "ghostty" or "ghostty" in term:
        return Protocol.KITTY
    if program in _ITERM_PROGRAMS or environment.get("LC_TERMINAL") == "iTerm2":
        return Protocol.ITERM
    return None


def _ask(reading: int, writing: int) -> Protocol | None:
    try:
        before = termios.tcgetattr(reading)
        # Without echo and line by line no more: the answer is for us, and ends without a newline.
        tty.setcbreak(reading)
    except termios.error:
        return None
    try:
        os.write(writing, _QUESTION)
        answer = _answer(reading)
    except OSError:
        return None
    finally:
        termios.tcsetattr(reading, termios.TCSAFLUSH, before)
    return Protocol.SIXEL if _SIXEL in answer.strip("\x1b[?c").split(";") else None


def _answer(reading: int) -> str:
    until_s = time.monotonic() + _PATIENCE_S
    answer = b""
    while not answer.endswith(b"c"):
        left_s = until_s - time.monotonic()
        if left_s <= 0 or not select.select([reading], [], [], left_s)[0]:
            return ""
        answer += os.read(reading, 64)
    return answer.decode(errors="replace")
