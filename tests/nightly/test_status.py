"""`status`: what a person wants to know in the morning, and what makes a monitor ring."""

from __future__ import annotations

import os
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from archiver.domain.errors import ErrorRecord
from archiver.domain.identity import parse_id
from archiver.domain.ledger import RunBegin, RunEnd
from archiver.domain.owed import Owed, Reason
from archiver.domain.sidecar import AssetStatus
from archiver.domain.timing import show_timestamp
from archiver.storage.ledger import Ledger
from archiver.storage.owed import OwedList
from tests.nightly.made import index, keep
from tests.nightly.program import Program

_HOUR = timedelta(hours=1)


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def _run(
    archive: Path, name: str, *, age: timedelta, command: str = "sync", exit_code: int | None = 0
) -> None:
    """Put a run into the ledger that ended `age` ago; without an exit code it never ended."""
    archive.mkdir(exist_ok=True)
    ledger, at = Ledger(archive), _now() - age
    # No process has the number 2**22 + 1: it is over the kernel's highest (proc(5), pid_max).
    begin = RunBegin(
        run=name, at=at, command=command, version="0.1.0", pid=4_194_305, host=socket.gethostname()
    )
    ledger.write(begin)
    if exit_code is not None:
        counts = {"archived": 2, "error": 0}
        ledger.write(RunEnd(run=name, at=at, exit_code=exit_code, seconds=12.0, counts=counts, bytes=2000))


def _facts(out: str) -> dict[str, str]:
    return {line[:13].strip(): line[13:] for line in out.splitlines()}


def test_it_tells_size_growth_and_what_is_owed(archive: Path, program: Program) -> None:
    """One screen, and no question asked of the service."""
    now = _now()
    keep(archive, "old")
    keep(archive, "new", archived_at=show_timestamp(now - _HOUR))
    keep(archive, "week", archived_at=show_timestamp(now - 100 * _HOUR), status=AssetStatus.MISMATCHED)
    keep(archive, "gone", state="failed")
    index(archive)
    with OwedList.open(archive) as debts:
        debts.put(
            [
                Owed(id=parse_id("a"), reason=Reason.ADDED, since=now, next_try=now - _HOUR),
                Owed(id=parse_id("b"), reason=Reason.ERROR, since=now, next_try=now + _HOUR),
            ]
        )
    ended = program("status")
    facts = _facts(ended.out)
    assert (ended.exit_code, ended.err) == (0, "")
    assert facts["archive"] == f"{archive}: 4 generations, 3.0 kB"
    assert facts["standing"] == "2 archived, 1 failed, 1 mismatched"
    assert facts["growth"] == "1.0 kB in a day, 2.0 kB in 7 days, 2.0 kB in 30 days"
    assert facts["owed"] == f"2: 1 added, 1 error; 1 due now, the next at {show_timestamp(now + _HOUR)}"
    assert (facts["last run"], facts["last success"]) == ("none", "none")


def test_it_tells_the_last_run_and_the_last_success(archive: Path, program: Program) -> None:
    """They differ where something is wrong; an audit's success is none of the nightly job's."""
    _run(archive, "r-1", age=50 * _HOUR)
    _run(archive, "r-2", age=26 * _HOUR, exit_code=3)
    _run(archive, "r-3", age=2 * _HOUR, command="verify")
    facts = _facts(program("status").out)
    assert facts["last run"].endswith("(2 h 0 min ago), exit code 0: 2 archived, 2.0 kB in 12 s")
    assert facts["last run"].startswith("verify, ")
    assert "(50 h 0 min ago), exit code 0" in facts["last success"]


def test_what_ended_a_run_is_told(archive: Path, program: Program) -> None:
    """A full disk is the first thing to know."""
    _run(archive, "r-1", age=_HOUR, exit_code=None)
    error = ErrorRecord(kind="disk_full", message="no room")
    Ledger(archive).write(
        RunEnd(run="r-1", at=_now(), exit_code=1, seconds=1.0, counts={}, bytes=0, error=error)
    )
    assert "exit code 1: no room" in _facts(program("status").out)["last run"]


@pytest.mark.parametrize(("is_alive", "words"), [(True, "still at work"), (False, "killed before its end")])
def test_a_run_without_an_end_is_at_work_or_was_killed(
    archive: Path, program: Program, *, is_alive: bool, words: str
) -> None:
    """The process tells which; the success before it counts as before."""
    _run(archive, "r-1", age=_HOUR)
    _run(archive, "r-2", age=timedelta(), exit_code=None)
    if is_alive:
        begin = RunBegin(
            run="r-3", at=_now(), command="sync", version="1", pid=os.getpid(), host=socket.gethostname()
        )
        Ledger(archive).write(begin)
    facts = _facts(program("status").out)
    assert facts["last run"].endswith(f": {words}")
    assert "exit code 0" in facts["last success"]


@pytest.mark.parametrize(
    ("age", "exit_code", "words"),
    [(25 * _HOUR, 0, ""), (27 * _HOUR, 1, "the last success is 27 h 0 min ago")],
)
def test_a_success_that_is_too_old_fails(
    archive: Path, program: Program, age: timedelta, exit_code: int, words: str
) -> None:
    """`status --max-age 26h` is what a monitor runs: a job that stopped running is found as well."""
    _run(archive, "r-1", age=age)
    ended = program("status", "--max-age", "26h")
    assert (ended.exit_code, words in ended.err) == (exit_code, True)
    assert "last success" in ended.out


def test_no_success_at_all_fails(archive: Path, program: Program) -> None:
    """A job that never ran is not a job that ran well."""
    _run(archive, "r-1", age=_HOUR, exit_code=12)
    assert program("status", "--max-age", "26h").exit_code == 1
    assert program("status", "--max-age", "soon").exit_code == 2


def test_json_says_the_same_to_a_program(archive: Path, program: Program) -> None:
    """One object; moments, seconds and bytes as numbers and texts that parse."""
    keep(archive, "old")
    index(archive)
    _run(archive, "r-1", age=_HOUR)
    (said,) = program("status", "--json").lines
    assert (said["event"], said["generations"], said["bytes"], said["outcomes"]) == (
        "status",
        1,
        1000,
        {"archived": 1},
    )
    assert said["owed"] == {"total": 0, "due": 0}
    assert said["last_run"] == said["last_success"]
    assert (said["last_run"]["exit_code"], said["last_run"]["counts"]["archived"]) == (0, 2)
    assert 3600 <= said["last_success_age_seconds"] < 3700
