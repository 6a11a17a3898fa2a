"""What is owed is kept in the archive, whatever happens to the index or to the last line."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from archiver.domain.errors import ErrorRecord
from archiver.domain.identity import GenerationId
from archiver.domain.outcome import GenerationResult, Outcome
from archiver.domain.owed import Owed, Reason, added, owed_after
from archiver.storage.owed import OwedList

NOW = datetime(2024, 12, 22, 3, tzinfo=UTC)
ONE, TWO = GenerationId("g-1"), GenerationId("g-2")


def _pending(generation_id: GenerationId, now: datetime = NOW) -> Owed:
    result = GenerationResult(id=generation_id, state="processing", outcome=Outcome.PENDING)
    entry = owed_after(result, None, now, row={})
    assert entry
    return entry


def test_what_was_put_is_there_in_the_next_run(tmp_path: Path) -> None:
    """With the row, the answer and the error, to the letter."""
    first = added(ONE, NOW, row={"caption": "Küche\n"}, answer=b'{"id":\n "g-1"}')
    error = ErrorRecord(kind="connect", message="no route")
    failed = GenerationResult(id=TWO, state="unknown", outcome=Outcome.ERROR, error=error)
    second = owed_after(failed, None, NOW, row={"split": 1})
    assert second
    with OwedList.open(tmp_path) as owed:
        owed.put([first, second])
    with OwedList.open(tmp_path, writable=False) as owed:
        found = owed.get(ONE)
        assert found
        assert found.row == {"caption": "Küche\n"}
        assert json.loads(found.saved_answer or b"") == {"id": "g-1"}
        again = owed.get(TWO)
        assert again
        assert (again.error, again.row, again.saved_answer) == (error, {"split": 1}, None)
        assert owed.notice is None


def test_only_what_is_due_is_given_and_nothing_twice(tmp_path: Path) -> None:
    """What is put back while the list is gone through is met in the next run."""
    with OwedList.open(tmp_path) as owed:
        later = msgspec.structs.replace(_pending(TWO), next_try=NOW + timedelta(hours=1))
        owed.put([added(ONE, NOW, row={}, answer=None), later])
        met = []
        for entry in owed.due(NOW + timedelta(seconds=1)):
            met.append(entry.id)
            owed.put([entry])
        assert met == [ONE]
        assert [entry.id for entry in owed.due(NOW + timedelta(days=1))] == [ONE, TWO]
        counts = owed.counts(NOW)
    assert counts.by_reason == {Reason.ADDED: 1, Reason.PENDING: 1}
    assert (counts.due, counts.total) == (1, 2)
    assert counts.next_due == NOW + timedelta(hours=1)


def test_what_is_settled_is_owed_no_more(tmp_path: Path) -> None:
    """Settling what is not owed writes nothing."""
    with OwedList.open(tmp_path) as owed:
        owed.put([_pending(ONE), _pending(TWO)])
        owed.settle([ONE, GenerationId("unknown")])
    with OwedList.open(tmp_path, writable=False) as owed:
        assert [entry.id for entry in owed.entries()] == [TWO]
    assert (tmp_path / "owed.jsonl").read_bytes().count(b"\n") == 3


def test_a_list_of_nothing_is_an_empty_file(tmp_path: Path) -> None:
    """History is taken out where it is all there is."""
    with OwedList.open(tmp_path) as owed:
        owed.put([_pending(ONE)])
        owed.settle([ONE])
    assert (tmp_path / "owed.jsonl").read_bytes() == b""


def test_a_long_history_is_taken_out(tmp_path: Path) -> None:
    """A year of nights does not make the list longer than what is owed."""
    with OwedList.open(tmp_path) as owed:
        for night in range(600):
            owed.put([_pending(ONE, NOW + timedelta(days=night))])
    (line,) = (tmp_path / "owed.jsonl").read_bytes().splitlines()
    assert json.loads(line)["since"] == "2026-08-13T03:00:00Z"


def test_what_this_version_cannot_read_stays_in_the_file(tmp_path: Path) -> None:
    """A newer version's line, or an editor's: it is named, and nobody throws it away."""
    strange = b'{"id": "g-3", "reason": "bewitched"}\n'
    (tmp_path / "owed.jsonl").write_bytes(strange)
    with OwedList.open(tmp_path) as owed:
        assert owed.notice
        assert "line 1 " in owed.notice
        owed.put([_pending(ONE)])
        owed.settle([ONE])
    assert (tmp_path / "owed.jsonl").read_bytes().startswith(strange)


@pytest.mark.parametrize("name", ["../etc", "a/b", ""])
def test_an_id_in_the_file_is_no_path(tmp_path: Path, name: str) -> None:
    """The file is input like any other."""
    line = {
        "id": name,
        "reason": "added",
        "since": "2024-12-22T03:00:00Z",
        "next_try": "2024-12-22T03:00:00Z",
    }
    (tmp_path / "owed.jsonl").write_text(json.dumps(line) + "\n")
    with OwedList.open(tmp_path, writable=False) as owed:
        assert list(owed.entries()) == []
        assert owed.notice
