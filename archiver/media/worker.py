"""A worker: a process that looks into media files, one after the other, under limits.

    python -m archiver.media.worker MEMORY_BYTES

Tasks come through standard input, answers go through what was standard output. It ends with its input.
"""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from typing import BinaryIO

from archiver.domain.errors import UsageError
from archiver.media.confinement import allow_cpu, confine
from archiver.media.inspection import find_decode_error, inspect_media
from archiver.media.messages import (
    LENGTH_BYTES,
    Compared,
    CompareLastFrame,
    Decoded,
    FindDecodeError,
    Inspect,
    NoProgram,
    OutOfMemory,
    Question,
    Ready,
    Reply,
    Task,
    Unreadable,
    frame,
    read_task,
    to_reply,
)


def main(memory_bytes: int) -> None:
    """Answer until the input ends."""
    answers = _claim_output()
    confine(memory_bytes)
    # What is imported stays; then going through the rest takes no time.
    gc.freeze()
    _send(answers, Ready())
    while task := _receive(sys.stdin.buffer):
        allow_cpu(task.cpu_s)
        _send(answers, answer(task.question))
        # PyAV's containers and streams hold each other, and with them decoders of some megabytes.
        gc.collect()


def answer(question: Question) -> Reply:
    """Look, and return what was found; what goes wrong is an answer, too."""
    try:
        return _look(question)
    except MemoryError:
        return OutOfMemory()
    except UsageError as error:
        return NoProgram(error.message)
    except OSError as error:
        return Unreadable(error.strerror or type(error).__name__)


def _look(question: Question) -> Reply:
    match question:
        case Inspect(path):
            return to_reply(inspect_media(_path(path)))
        case FindDecodeError(path):
            return Decoded(find_decode_error(_path(path)))
        case CompareLastFrame(picture, video):
            from archiver.media.frames import last_frame_similarity  # noqa: PLC0415 - for `--deep` alone

            return Compared(last_frame_similarity(_path(picture), _path(video)))


def _path(path: bytes) -> Path:
    return Path(os.fsdecode(path))


def _claim_output() -> BinaryIO:
    """Return standard output, which is nobody else's from here on: a library that prints spoils no answer."""
    mine = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return os.fdopen(mine, "wb", buffering=0)


def _receive(tasks: BinaryIO) -> Task | None:
    length = int.from_bytes(tasks.read(LENGTH_BYTES), "big")
    return read_task(tasks.read(length)) if length else None


def _send(answers: BinaryIO, message: Reply) -> None:
    answers.write(frame(message))


if __name__ == "__main__":
    main(int(sys.argv[1]))
