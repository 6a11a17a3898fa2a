"""What a worker is asked and what it answers: msgpack, each message after its length (4 bytes, big-endian).

An answer is read into these types and no others, so a worker that a crafted file has taken over can lie
about a file, and can make whoever reads its answer do nothing.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from archiver.domain.checks import Damaged, Inspection, Measurement, MediaKind, NotMedia

LENGTH_BYTES = 4
LONGEST_MESSAGE_BYTES = 65_536

_Text = Annotated[str, Meta(max_length=1000)]
_Count = Annotated[int, Meta(ge=0, le=2**53)]


class Inspect(Struct, frozen=True, tag=True):
    """Asks what is in a file."""

    path: bytes


class FindDecodeError(Struct, frozen=True, tag=True):
    """Asks whether every frame of a file decodes."""

    path: bytes


class CompareLastFrame(Struct, frozen=True, tag=True):
    """Asks how alike a picture and a film's last frame are."""

    picture: bytes
    video: bytes


Question = Inspect | FindDecodeError | CompareLastFrame


class Task(Struct, frozen=True):
    """A question, and the processor time in seconds that the answer may take."""

    question: Question
    cpu_s: int


class Ready(Struct, frozen=True, tag=True):
    """The worker has started and takes tasks: its first message, unasked."""


class Measured(Struct, frozen=True, tag=True):
    """A measurement; `kind` is a `MediaKind`'s name."""

    kind: str
    width: _Count
    height: _Count
    duration_s: float | None
    codec: _Text | None
    frame_rate: Annotated[str, Meta(pattern=r"^[0-9]{1,15}/[0-9]{1,15}$")] | None
    frames: _Count | None
    palette: Annotated[bytes, Meta(min_length=75, max_length=75)] | None


class FoundDamage(Struct, frozen=True, tag=True):
    """The file is damaged."""

    kind: str
    reason: _Text


class FoundNoMedia(Struct, frozen=True, tag=True):
    """The file is no media."""

    reason: _Text


class Decoded(Struct, frozen=True, tag=True):
    """The decoder's first complaint, if there was one."""

    complaint: _Text | None


class Compared(Struct, frozen=True, tag=True):
    """How alike the two are; None where one of them cannot be read."""

    similarity: float | None


class OutOfMemory(Struct, frozen=True, tag=True):
    """The answer takes more memory than the worker may have."""


class Unreadable(Struct, frozen=True, tag=True):
    """The system refused to read the file, and why."""

    reason: _Text


class NoProgram(Struct, frozen=True, tag=True):
    """A program that is needed is not there: the words for a person."""

    message: _Text


Reply = (
    Ready | Measured | FoundDamage | FoundNoMedia | Decoded | Compared | OutOfMemory | Unreadable | NoProgram
)

_answers: msgspec.msgpack.Decoder[Reply] = msgspec.msgpack.Decoder(Reply)
_tasks = msgspec.msgpack.Decoder(Task)


def frame(message: Task | Reply) -> bytes:
    """Return a message as it goes through the pipe."""
    data = msgspec.msgpack.encode(message)
    return len(data).to_bytes(LENGTH_BYTES, "big") + data


def read_reply(data: bytes) -> Reply:
    """Return the answer in a message. Raises `ValueError` for anything else."""
    try:
        return _answers.decode(data)
    except msgspec.DecodeError as error:
        # A ValueError itself from msgspec 0.20 on.
        raise ValueError(str(error)) from error


def read_task(data: bytes) -> Task:
    """Return the task in a message. Raises `msgspec.DecodeError` for anything else."""
    return _tasks.decode(data)


def to_reply(inspection: Inspection) -> Reply:
    """Return an inspection as a message."""
    match inspection:
        case Measurement(kind=kind):
            return Measured(
                kind=kind.name,
                width=inspection.width,
                height=inspection.height,
                duration_s=inspection.duration_s,
                codec=inspection.codec,
                frame_rate=inspection.frame_rate,
                frames=inspection.frames,
                palette=inspection.palette,
            )
        case Damaged(kind, reason):
            return FoundDamage(kind.name, reason)
        case NotMedia(reason):
            return FoundNoMedia(reason)


def to_inspection(answer: Measured | FoundDamage | FoundNoMedia) -> Inspection:
    """Return the inspection that a message carries. Raises `ValueError` for a kind that there is not."""
    match answer:
        case FoundNoMedia(reason):
            return NotMedia(reason)
        case FoundDamage(kind, reason):
            return Damaged(_kind(kind), reason)
        case Measured():
            return Measurement(
                kind=_kind(answer.kind),
                width=answer.width,
                height=answer.height,
                duration_s=answer.duration_s,
                codec=answer.codec,
                frame_rate=answer.frame_rate,
                frames=answer.frames,
                palette=answer.palette,
            )


def _kind(name: str) -> MediaKind:
    try:
        return MediaKind[name]
    except KeyError as error:
        msg = f"no kind of media: {name[:20]!a}"
        raise ValueError(msg) from error
