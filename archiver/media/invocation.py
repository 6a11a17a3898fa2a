"""ffmpeg as it is called: on files alone, one thread each, quietly, and its complaints as one line.

A graph names its film `FILM`, and the command gets the real path: ffmpeg-python hashes a graph as UTF-8,
which a path need not be.
"""

from __future__ import annotations

import os
import re

import ffmpeg

from archiver.media.ffmpeg import locate_ffmpeg
from archiver.media.wording import one_line

FILM = "the film"
"""Stands for the film's path in a graph."""
# Files alone: what a file refers to, other files or hosts, is not opened. One thread: there is a process for
# each processor, and each thread takes of the memory that one may have.
INPUT = {"protocol_whitelist": "file", "threads": 1}
"""How a graph opens its film."""
QUIETLY = ("-v", "error", "-nostdin", "-hide_banner")
# Longer than any clip takes to decode; a decoder that hangs must not hang the run.
LONGEST_S = 600
# "[h264 @ 0x55d0c8a2c0]": which part of ffmpeg speaks; the number changes with every run.
_SPEAKER = re.compile(r"\[([\w,:.#/ -]+?) @ 0x[0-9a-f]+\]\s*")


def compiled(output: ffmpeg.nodes.OutputStream, path: str | os.PathLike[str]) -> list[str]:
    """Return the command for a graph, with the film's path in it. Raises `UsageError` without ffmpeg."""
    return [
        literal(path) if word == FILM else word
        for word in ffmpeg.compile(output, cmd=locate_ffmpeg(), overwrite_output=True)
    ]


def literal(path: str | os.PathLike[str]) -> str:
    """Return a path that ffmpeg takes for a file, whatever its name: never for an option or a protocol."""
    return f"file:{os.fspath(path)}"


def first_complaint(output: bytes, path: str | os.PathLike[str], name: str) -> str | None:
    """Return the first line that ffmpeg wrote, `name` in the place of the film's path; or None."""
    text = os.fsdecode(output).replace(f"{literal(path)}: ", "").replace(literal(path), name)
    spoken = (
        one_line(_SPEAKER.sub(r"\1: ", line).replace(os.fspath(path), name)) for line in text.splitlines()
    )
    return next((line for line in spoken if line), None)
