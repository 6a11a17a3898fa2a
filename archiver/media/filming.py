"""ffmpeg on one open film: confined, for a limited time, what goes wrong told apart by whose fault it is.

The film is handed over open: whoever opened it knows which file is read, whatever becomes of its name. ffmpeg
runs in this process's group: Ctrl-C ends both.
"""

from __future__ import annotations

import errno
import os
import signal
import subprocess
from pathlib import Path
from typing import BinaryIO

import ffmpeg

from archiver.domain.errors import ArchiverError, DiskFullError, RunInterruptedError, UsageError
from archiver.media.confinement import confine_child
from archiver.media.environment import environment
from archiver.media.invocation import FILM, LONGEST_S, QUIETLY, compiled, first_complaint

# Decoding and encoding 8K takes FFmpeg 9 some 4 GB of addresses, 4K under 2 GB.
_MEMORY_BYTES = 6 << 30
# What ffmpeg says when there is no room for its output; it speaks English whatever the locale.
_NO_ROOM = tuple(os.strerror(number) for number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG))
# Its exit code when it was asked to end by a signal; it says nothing then.
_ASKED_TO_END = 255


class FilmError(ArchiverError):
    """A film that does not decode, or cannot be changed as asked."""

    kind = "film"


def run_on_film(output: ffmpeg.nodes.OutputStream, source: BinaryIO, folder: Path) -> bytes:
    """Run a graph that reads `FILM`, standing in `folder`; return what it writes to standard output.

    Raises `FilmError` with ffmpeg's first complaint, `DiskFullError`, `RunInterruptedError`, and `UsageError`
    where ffmpeg cannot be run.
    """
    # Opened anew by Linux, shared by macOS: there it stands where the last reading ended.
    os.lseek(source.fileno(), 0, os.SEEK_SET)
    path = f"/dev/fd/{source.fileno()}"
    command = compiled(output.global_args(*QUIETLY, "-filter_threads", "1"), path)
    process = _start(command, source, folder)
    confine_child(process.pid, _MEMORY_BYTES)
    try:
        written, complaints = process.communicate(timeout=LONGEST_S)
    except subprocess.TimeoutExpired as error:
        msg = f"ffmpeg was not done after {LONGEST_S} s"
        raise FilmError(msg) from error
    finally:
        if process.returncode is None:
            process.kill()
            process.communicate()
    _judge(process.returncode, first_complaint(complaints, path, FILM), folder)
    return written


def _start(command: list[str], source: BinaryIO, folder: Path) -> subprocess.Popen[bytes]:
    try:
        # Our own words alone stand in the command.
        return subprocess.Popen(  # noqa: S603 - above
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder,
            env=environment(),
            pass_fds=(source.fileno(),),
        )
    except OSError as error:
        msg = f"{command[0]} cannot be run: {error.strerror}: install ffmpeg, or the package imageio-ffmpeg"
        raise UsageError(msg) from error


def _judge(exit_code: int, complaint: str | None, folder: Path) -> None:
    if complaint and any(words in complaint for words in _NO_ROOM):
        msg = f"cannot write below {str(folder)!a}: no room left on the disk: make room and run again"
        raise DiskFullError(msg)
    if complaint:
        raise FilmError(complaint)
    if exit_code == -signal.SIGXFSZ:
        msg = f"cannot write below {str(folder)!a}: a file grew over the limit (ulimit -f): raise it"
        raise DiskFullError(msg)
    if exit_code == _ASKED_TO_END or exit_code in {-signal.SIGINT, -signal.SIGTERM}:
        raise RunInterruptedError(signal.SIGINT)
    if exit_code:
        msg = f"ffmpeg ended with code {exit_code}" if exit_code > 0 else f"ffmpeg crashed ({-exit_code})"
        raise FilmError(msg)
