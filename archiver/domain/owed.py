"""What the archive still owes: generations that were asked for and are not final, and when each is due.

The rules:

1. In its first hour whatever is owed is due at once: a clip takes minutes to make, and whoever mends the
   network tries again soon.
2. Then a pause of a quarter of the time for which it has been owed, at most a week: a clip that has been
   pending for two hours is asked for again after half an hour, one that has been for a year once a week.
3. A pause begins anew where the reason changes: an error that became pending has come further.
4. What is archived, mismatched or failed upstream is final, and owed no more.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Raw, Struct

from archiver.domain.errors import ErrorRecord, ManifestRowError
from archiver.domain.identity import GenerationId, parse_id
from archiver.domain.outcome import GenerationResult, Outcome

LONGEST_PAUSE = timedelta(days=7)
WITHOUT_PAUSE = timedelta(hours=1)


# One without a zone could not be compared with the clock's.
Moment = Annotated[datetime, Meta(tz=True)]


class Reason(StrEnum):
    """Why a generation is owed."""

    ADDED = "added"
    PENDING = "pending"
    INCOMPLETE = "incomplete"
    ERROR = "error"


class Owed(Struct, frozen=True, kw_only=True):
    """One generation that is owed: since when for this reason, and when it is due.

    `row` holds the manifest's columns for its sidecar. `answer` is one that the manifest had, or null: it
    spares the first question.
    """

    id: GenerationId
    reason: Reason
    since: Moment
    next_try: Moment
    error: ErrorRecord | None = None
    row: dict[str, Any] = {}
    answer: Raw = Raw(b"null")
    is_narrow: bool = False
    """Whether no more of it is owed than was wanted when it was archived."""

    @property
    def saved_answer(self) -> bytes | None:
        """The API's answer, where one came with the manifest."""
        data = bytes(self.answer)
        return None if data == b"null" else data


class Settled(Struct, frozen=True, kw_only=True):
    """The line that takes back all earlier ones of its generation."""

    settled: GenerationId


_REASONS = {
    Outcome.PENDING: Reason.PENDING,
    Outcome.INCOMPLETE: Reason.INCOMPLETE,
    Outcome.ERROR: Reason.ERROR,
}


def added(
    generation_id: GenerationId, now: datetime, *, row: Mapping[str, Any], answer: bytes | None
) -> Owed:
    """Return what is owed of a generation that was just added: all of it, at once."""
    moment = now.replace(microsecond=0)
    return Owed(
        id=generation_id,
        reason=Reason.ADDED,
        since=moment,
        next_try=moment,
        row=dict(row),
        # A line has no line end within: an answer may have come indented.
        answer=Raw(msgspec.json.format(answer, indent=-1) if answer else b"null"),
    )


def owed_after(
    result: GenerationResult, standing: Owed | None, now: datetime, *, row: Mapping[str, Any]
) -> Owed | None:
    """Return what is owed after a try that ended so; None where the generation is final."""
    reason = _REASONS.get(result.outcome)
    if reason is None:
        return None
    is_as_before = standing is not None and standing.reason is reason
    since = standing.since if standing and is_as_before else now.replace(microsecond=0)
    return Owed(
        id=result.id,
        reason=reason,
        since=since,
        next_try=_next_try(since, now),
        error=result.error,
        row=dict(row) or (standing.row if standing else {}),
    )


def _next_try(since: datetime, now: datetime) -> datetime:
    pause = pause_after(now - since)
    # Always the same moment as long as there is no pause: the list grows by no line for each question.
    return (now + pause).replace(microsecond=0) if pause else since


def pause_after(owed_for: timedelta) -> timedelta:
    """Return how long a generation is left alone that has been owed for so long."""
    return timedelta() if owed_for < WITHOUT_PAUSE else min(LONGEST_PAUSE, owed_for / 4)


def encode_line(line: Owed | Settled) -> bytes:
    """Return a line of the file `owed.jsonl`, without its end."""
    return msgspec.json.encode(line)


def decode_line(data: bytes) -> Owed | Settled:
    """Return what a line says. Raises `ValueError` for one that this version cannot read."""
    try:
        if data.startswith(b'{"settled"'):
            return _SETTLED.decode(data)
        owed = decode_owed(data)
        parse_id(owed.id)
    except (msgspec.MsgspecError, ManifestRowError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(str(error)) from error
    return owed


def decode_owed(line: bytes) -> Owed:
    """Decode a line that `decode_line` has accepted before."""
    return _OWED.decode(line)


_OWED = msgspec.json.Decoder(Owed)
_SETTLED = msgspec.json.Decoder(Settled)
