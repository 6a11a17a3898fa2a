"""The run ledger's values: a run's begin and its end. Without an end it runs still, or was killed."""

from __future__ import annotations

from datetime import datetime

import msgspec
from msgspec import Struct

from archiver.domain.errors import ErrorRecord
from archiver.domain.outcome import RunReport


class RunBegin(Struct, frozen=True, kw_only=True, tag_field="event", tag="begin"):
    """A run began: which, when, doing what, by which version, as which process."""

    run: str
    at: datetime
    command: str
    version: str
    pid: int
    host: str


class RunEnd(Struct, frozen=True, kw_only=True, tag_field="event", tag="end"):
    """A run ended: when, how, with how many of each outcome; `left_over` is why it left work, or None."""

    run: str
    at: datetime
    exit_code: int
    seconds: float
    counts: dict[str, int]
    bytes: int
    left_over: str | None = None
    error: ErrorRecord | None = None


class RunRecord(Struct, frozen=True, kw_only=True):
    """A run as the ledger has it; without an `end` it runs still, or was killed."""

    begin: RunBegin
    end: RunEnd | None = None

    @property
    def is_success(self) -> bool:
        """True where it ended with exit code 0."""
        return self.end is not None and self.end.exit_code == 0


LedgerLine = RunBegin | RunEnd


def end_of(begin: RunBegin, report: RunReport, at: datetime) -> RunEnd:
    """Return the end of a run that came to this report."""
    tally = report.tally
    counts = {outcome.value: count for outcome, count in tally.counts.items()}
    if tally.audit:
        counts |= {status.value: count for status, count in tally.audit.counts.items()}
    return RunEnd(
        run=begin.run,
        at=at.replace(microsecond=0),
        exit_code=report.exit_code,
        seconds=report.seconds,
        counts=counts | {"bad_rows": tally.bad_rows},
        bytes=tally.bytes_fetched,
        left_over=tally.left_over,
        error=_encodable(report.error.record()) if report.error else None,
    )


def _encodable(error: ErrorRecord) -> ErrorRecord:
    """Return the error as UTF-8 can hold it: a path in it may be made of any bytes."""
    return ErrorRecord(kind=error.kind, message=error.message.encode("utf-8", "backslashreplace").decode())


def encode_ledger_line(line: LedgerLine) -> bytes:
    """Return a line of `runs.jsonl`, without its end."""
    return msgspec.json.encode(line)


def decode_ledger_line(data: bytes) -> LedgerLine | None:
    """Return what a line says; None for one that this version cannot read."""
    try:
        return _DECODER.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


_DECODER: msgspec.json.Decoder[LedgerLine] = msgspec.json.Decoder(LedgerLine)
