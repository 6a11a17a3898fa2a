"""What ends a run before all is done: budgets, a refused key, no key, another run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from archiver.batch.budget import Budget
from archiver.domain.errors import ArchiveLockedError, DiskFullError, KeyRefusedError, UsageError
from archiver.domain.identity import ApiKey
from archiver.domain.outcome import Outcome
from archiver.storage.archive import Archive
from archiver.storage.holder import Holder
from archiver.storage.lock import ArchiveLock
from tests.runs.running import is_archived, leftovers, look, options_for, run_ids, with_network
from tests.simulator import Service


def _serve(service: Service, count: int) -> list[str]:
    ids = [f"g-{number}" for number in range(count)]
    for generation_id in ids:
        service.serve(generation_id)
    return ids


async def test_a_budget_of_bytes_ends_the_taking_of_work_and_says_so(service: Service, archive: Path) -> None:
    """What is in flight is finished; the rest waits for the next night, and the exit code tells."""
    ids = _serve(service, 60)
    options = with_network(options_for(service, archive), concurrency=1)
    run = await run_ids(replace(options, budget=Budget(max_bytes=1)), *ids)
    done = run.report.tally.counts[Outcome.ARCHIVED]
    assert 1 <= done < 60
    assert run.report.tally.left_over
    assert "--max-bytes" in run.report.tally.left_over
    assert run.report.exit_code == 3
    assert leftovers(archive) == []
    rest = await run_ids(options, *ids)
    assert rest.report.tally.counts[Outcome.UNCHANGED] == done
    assert rest.report.exit_code == 0


async def test_a_budget_that_suffices_is_not_mentioned(service: Service, archive: Path) -> None:
    """Exit code 3 is for work that is left."""
    ids = _serve(service, 2)
    run = await run_ids(replace(options_for(service, archive), budget=Budget(max_duration_s=3600)), *ids)
    assert run.report.tally.left_over is None
    assert run.report.exit_code == 0


async def test_a_disk_with_too_little_room_ends_the_run_before_it_is_full(
    service: Service, archive: Path
) -> None:
    """`--min-free`: a full disk takes other programs down, too."""
    ids = _serve(service, 2)
    options = replace(options_for(service, archive), budget=Budget(min_free=10**18))
    run = await run_ids(options, *ids)
    assert isinstance(run.report.error, DiskFullError)
    assert "--min-free" in run.report.error.message
    assert run.report.exit_code == 1
    assert not is_archived(archive, ids[0])


async def test_a_refused_key_ends_the_run_after_one_question(service: Service, archive: Path) -> None:
    """A hundred ids with a mistyped key are one request, not a hundred."""
    ids = _serve(service, 100)
    options = with_network(options_for(service, archive), api_key=ApiKey("sk-wrong"))
    run = await run_ids(options, *ids)
    assert isinstance(run.report.error, KeyRefusedError)
    assert run.report.exit_code == 12
    assert len(service.log.api) == 1
    assert "sk-wrong" not in run.report.error.message


async def test_without_a_key_nothing_is_asked(service: Service, archive: Path) -> None:
    """A usage error says how to give one."""
    run = await run_ids(with_network(options_for(service, archive), api_key=None), *_serve(service, 1))
    assert isinstance(run.report.error, UsageError)
    assert "LUMA_API_KEY" in run.report.error.message
    assert run.report.exit_code == 2
    assert len(service.log) == 0


async def test_an_archive_has_one_writer(service: Service, archive: Path) -> None:
    """The second run leaves, and names the first."""
    ids = _serve(service, 1)
    Archive.open(archive)
    holder = Holder.of_this_process(since="2026-03-01T12:00:00Z", command="luma-archiver sync")
    with ArchiveLock.try_acquire(archive, holder):
        run = await run_ids(options_for(service, archive), *ids)
    assert isinstance(run.report.error, ArchiveLockedError)
    assert "luma-archiver sync" in run.report.error.message
    assert run.report.exit_code == 11
    again = await run_ids(options_for(service, archive), *ids)
    assert again.report.exit_code == 0
    assert look(archive, ids[0]).sidecar.verification == "verified"
