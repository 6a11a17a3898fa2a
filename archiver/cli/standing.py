"""`luma-archiver status`: how the archive stands, for a person and for a monitor."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import click
import msgspec

from archiver.assembly.reading import Records
from archiver.batch.standing import Holdings, LastRuns, add_up, find_last_runs
from archiver.cli.given import Given
from archiver.cli.records import opened_records
from archiver.cli.results import open_results
from archiver.cli.runs import describe_run, run_as_json
from archiver.cli.text import clean, complain, writable
from archiver.domain.quantity import show_size
from archiver.domain.timing import parse_duration, show_duration, show_timestamp
from archiver.runtime.clock import SystemClock
from archiver.storage.ledger import Ledger
from archiver.storage.owed import OwedCounts

_LABEL_CHARACTERS = 13
_TOO_OLD = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What `status` tells; `free` is the disk's room in bytes."""

    root: Path
    now: datetime
    holdings: Holdings
    owed: OwedCounts
    runs: LastRuns
    free: int


def show_status(ctx: click.Context) -> int:
    """Print how the archive stands and return 1 where `--max-age` finds the last success too old.

    Raises `click.UsageError`, `ArchiveError`.
    """
    given = Given(ctx)
    max_age_s = given.maybe("max_age", parse_duration)
    is_json = given.flag("json")
    write = open_results(is_utf8=is_json)
    with opened_records(given) as records:
        standing = _look(records)
    if is_json:
        write(msgspec.json.encode(_as_json(standing)).decode())
    else:
        for label, text in _lines(standing):
            write(f"{label:{_LABEL_CHARACTERS}}{clean(text)}")
    complaint = _complaint(standing, max_age_s)
    if complaint:
        complain(complaint)
    return _TOO_OLD if complaint else 0


def _look(records: Records) -> Standing:
    now, root = SystemClock().now(), records.archive.root
    return Standing(
        root=root,
        now=now,
        holdings=add_up(records.index.entries(), now),
        owed=records.owed.counts(now),
        runs=find_last_runs(Ledger(root).runs()),
        free=shutil.disk_usage(root).free,
    )


def _lines(standing: Standing) -> Iterator[tuple[str, str]]:
    holdings, now = standing.holdings, standing.now
    yield "archive", f"{standing.root}: {holdings.generations} generations, {show_size(holdings.size)}"
    if holdings.generations:
        yield (
            "standing",
            ", ".join(f"{count} {outcome}" for outcome, count in sorted(holdings.outcomes.items())),
        )
    grown = (f"{show_size(size)} in {_days(days)}" for days, size in holdings.growth.items())
    yield "growth", ", ".join(grown)
    yield "disk", f"{show_size(standing.free)} free"
    yield "owed", _owed(standing.owed)
    yield "last run", describe_run(standing.runs.last, now)
    yield "last success", describe_run(standing.runs.success, now)


def _days(days: int) -> str:
    return "a day" if days == 1 else f"{days} days"


def _owed(owed: OwedCounts) -> str:
    if not owed.total:
        return "nothing"
    reasons = ", ".join(f"{count} {reason}" for reason, count in owed.by_reason.items())
    later = f", the next at {show_timestamp(owed.next_due)}" if owed.next_due else ""
    return f"{owed.total}: {reasons}; {owed.due} due now{later}"


def _complaint(standing: Standing, max_age_s: float | None) -> str | None:
    if max_age_s is None:
        return None
    age_s = standing.runs.success_age_s(standing.now)
    if age_s is None:
        return "no run has ended with exit code 0 yet (--max-age): see the log, or run `luma-archiver doctor`"
    if age_s <= max_age_s:
        return None
    found, allowed = show_duration(age_s), show_duration(max_age_s)
    return f"the last success is {found} ago, over {allowed} (--max-age): run `luma-archiver doctor`"


def _as_json(standing: Standing) -> dict[str, object]:
    holdings, owed = standing.holdings, standing.owed
    return {
        "event": "status",
        "archive": writable(str(standing.root)),
        "generations": holdings.generations,
        "outcomes": dict(sorted(holdings.outcomes.items())),
        "bytes": holdings.size,
        "bytes_by_days": {str(days): size for days, size in holdings.growth.items()},
        "free_bytes": standing.free,
        "owed": {str(reason): count for reason, count in owed.by_reason.items()}
        | {"total": owed.total, "due": owed.due},
        "next_try_at": show_timestamp(owed.next_due) if owed.next_due else None,
        "last_run": run_as_json(standing.runs.last),
        "last_success": run_as_json(standing.runs.success),
        "last_success_age_seconds": standing.runs.success_age_s(standing.now),
    }
