"""A run of the ledger in words, and as JSON."""

from __future__ import annotations

from datetime import datetime

from archiver.domain.ledger import RunEnd, RunRecord
from archiver.domain.quantity import show_size
from archiver.domain.timing import show_duration, show_timestamp
from archiver.storage.holder import Holder


def describe_run(run: RunRecord | None, now: datetime) -> str:
    """Return a run in words: what it did, when, how it ended."""
    if run is None:
        return "none"
    began = f"{run.begin.command}, {show_timestamp(run.begin.at)}"
    if run.end is None:
        return f"{began}: {'killed before its end' if _is_dead(run) else 'still at work'}"
    age = show_duration(max(0.0, (now - run.end.at).total_seconds()))
    return f"{began} ({age} ago), exit code {run.end.exit_code}: {_describe_end(run.end)}"


def run_as_json(run: RunRecord | None) -> dict[str, object] | None:
    """Return a run for a program; of one without an end everything about the end is null."""
    if run is None:
        return None
    end = run.end
    return {
        "run": run.begin.run,
        "command": run.begin.command,
        "version": run.begin.version,
        "began_at": show_timestamp(run.begin.at),
        "ended_at": show_timestamp(end.at) if end else None,
        "exit_code": end.exit_code if end else None,
        "seconds": end.seconds if end else None,
        "counts": end.counts if end else None,
        "bytes": end.bytes if end else None,
        "left_over": end.left_over if end else None,
        "error": end.error if end else None,
    }


def _is_dead(run: RunRecord) -> bool:
    begin = run.begin
    holder = Holder(pid=begin.pid, host=begin.host, since="", command=begin.command)
    return holder.is_surely_dead


def _describe_end(end: RunEnd) -> str:
    if end.error:
        return end.error.message
    done = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in end.counts.items() if count)
    left = f"; stopped early: {end.left_over}" if end.left_over else ""
    return f"{done or 'nothing to do'}, {show_size(end.bytes)} in {show_duration(end.seconds)}{left}"
