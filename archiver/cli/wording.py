"""What happened, in words: one line an event, one for the end. Nothing here writes anywhere."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from archiver.cli.audited import found, summarize_audit
from archiver.cli.text import clean, counted
from archiver.domain.audit import AuditStatus, Finding
from archiver.domain.events import (
    AssetAudited,
    AssetStarted,
    AuditBegan,
    BytesReceived,
    ConcurrencyChanged,
    Event,
    FileUnknown,
    GenerationAudited,
    GenerationFinished,
    GenerationPlanned,
    GenerationWaiting,
    Noticed,
    RetryScheduled,
    RowRejected,
)
from archiver.domain.outcome import GenerationResult, Outcome, RunReport, Tally
from archiver.domain.quantity import show_size
from archiver.domain.sidecar import AssetStatus
from archiver.domain.timing import show_duration


class Kind(Enum):
    """Whom a line is for."""

    RESULT = auto()
    """What was asked for: standard output."""
    PROBLEM = auto()
    """Something is wrong: standard error, whatever the options."""
    NOTICE = auto()
    """Worth knowing: standard error."""
    DETAIL = auto()
    """For whoever wants to know everything."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line; its first word, up to a space, is what it is about."""

    kind: Kind
    text: str


# 128 and SIGPIPE (signal(7)): whoever read the results has seen enough, and needs no telling.
CLOSED_PIPE = 141
_TRIED_AGAIN = "`luma-archiver sync` tries it again"
# By an error's kind: what a person can do about it, where the message itself does not say so.
_ADVICE = {
    "not_found": "check the id",
    "wrong_id": "check the id, and --api-base",
    "bad_answer": f"check --api-base; {_TRIED_AGAIN}",
    **dict.fromkeys(("connect", "stalled", "broken", "status", "redirect", "not_media"), _TRIED_AGAIN),
    **dict.fromkeys(("service_refused", "retry_later"), f"{_TRIED_AGAIN} later"),
}
_KINDS = {Outcome.ARCHIVED: Kind.RESULT, Outcome.PENDING: Kind.RESULT, Outcome.UNCHANGED: Kind.DETAIL}


def describe(event: Event) -> Line | None:
    """Return the line for an event; None for one that is only counted."""
    kind, text = _describe(event)
    return Line(kind, clean(text)) if text else None


def summarize(report: RunReport) -> str:
    """Return the line for a run's end."""
    tally = report.tally
    if tally.audit:
        return f"{summarize_audit(tally, tally.audit)} in {show_duration(report.seconds)}"
    counts = [f"{count} {outcome}" for outcome, count in tally.counts.items() if count]
    if tally.planned:
        counts.append(f"{tally.planned} to fetch")
    if tally.bad_rows:
        counts.append(counted(tally.bad_rows, "bad row"))
    nothing = "nothing was finished" if tally.bytes_fetched else "nothing was done"
    done = ", ".join(counts) or (nothing if report.error else "nothing to do")
    return f"{done}: {show_size(tally.bytes_fetched)} in {show_duration(report.seconds)}"


def describe_end(report: RunReport) -> list[Line]:
    """Return what a person should know of how a run ended, beside its summary."""
    lines = []
    if left := _left_over(report.tally):
        lines.append(Line(Kind.PROBLEM, clean(left)))
    if report.error and report.exit_code != CLOSED_PIPE:
        lines.append(Line(Kind.PROBLEM, clean(f"luma-archiver: {report.error.message}")))
    return lines


def _left_over(tally: Tally) -> str:
    if tally.left_over is None:
        return ""
    left = f", {tally.first_left} and what follows it are left" if tally.first_left else ""
    return f"luma-archiver: stopped early: {tally.left_over}{left}; run the same again for the rest"


def _describe(event: Event) -> tuple[Kind, str]:
    match event:
        case GenerationFinished(result):
            told = _KINDS.get(result.outcome, Kind.PROBLEM), _finished(result)
        case RowRejected(file, line, reason):
            told = Kind.PROBLEM, f"{file}: line {line}: {reason}"
        case GenerationPlanned():
            told = Kind.RESULT, _planned(event)
        case GenerationWaiting(name, state, delay_s):
            pause = show_duration(delay_s)
            told = Kind.NOTICE, f"waiting {name}: {state} at the service, next look in {pause}"
        case Noticed(message):
            told = Kind.NOTICE, message
        case AssetAudited(finding):
            told = _kind_of(finding), found(finding)
        case FileUnknown(path):
            told = Kind.NOTICE, f"unknown {path}: no sidecar records it"
        case _:
            told = Kind.DETAIL, _detail(event)
    return told


def _kind_of(finding: Finding) -> Kind:
    if finding.status.is_trouble or finding.is_new:
        return Kind.PROBLEM
    return Kind.RESULT if finding.status is AuditStatus.REPAIRED else Kind.DETAIL


def _detail(
    event: RetryScheduled
    | AssetStarted
    | BytesReceived
    | ConcurrencyChanged
    | AuditBegan
    | GenerationAudited,
) -> str:
    match event:
        case RetryScheduled(name, what, error, delay_s):
            reason = error.message.removeprefix(f"{name}: ")
            return f"retrying {name}: {what} in {show_duration(delay_s)}: {reason}"
        case AssetStarted(name, asset, total, held):
            size = "unknown size" if total is None else show_size(total)
            resumed = f", from {show_size(held)} on" if held else ""
            return f"fetching {name}: {asset}, {size}{resumed}"
        case ConcurrencyChanged(limit, host):
            return (
                f"concurrency: {limit} files at once from {host}"
                if host
                else f"concurrency: {limit} files at once"
            )
        case BytesReceived() | AuditBegan() | GenerationAudited():
            return ""


def _finished(result: GenerationResult) -> str:
    return f"{result.outcome} {result.id}: {_findings(result)}"


def _findings(result: GenerationResult) -> str:
    reason = result.error.message.removeprefix(f"{result.id}: ") if result.error else ""
    text = reason or "no reason given"
    match result.outcome:
        case Outcome.ARCHIVED:
            text = f"{show_size(result.bytes_fetched)} in {show_duration(result.seconds)}, {result.path}"
        case Outcome.UNCHANGED:
            text = str(result.path)
        case Outcome.MISMATCHED:
            names = _named(result, AssetStatus.MISMATCHED)
            text = f"{names} not as promised; kept, the sidecar says why: {result.path}"
        case Outcome.INCOMPLETE:
            names = _named(result, AssetStatus.MISSING)
            text = f"{names} missing: {reason or f'the sidecar says why: {result.path}'}{_advice(result)}"
        case Outcome.FAILED:
            text = f"the service could not make it: {text}"
        case Outcome.PENDING:
            text = f"{result.state} at the service: a later run fetches it"
        case Outcome.ERROR:
            text += _advice(result)
    return text


def _advice(result: GenerationResult) -> str:
    advice = _ADVICE.get(result.error.kind) if result.error else None
    return f"; {advice}" if advice else ""


def _named(result: GenerationResult, status: AssetStatus) -> str:
    return ", ".join(name for name, found in result.assets.items() if found is status) or "assets"


def _planned(event: GenerationPlanned) -> str:
    files = (f"{name} {_planned_size(size)}" for name, size in event.assets.items())
    return f"planned {event.id}: {', '.join(files) or 'nothing to fetch'}, {event.path}"


def _planned_size(size: int | None) -> str:
    if size is None:
        return "?"
    # An asset under another's URL is fetched with it.
    return show_size(size) if size else "(the same file)"
