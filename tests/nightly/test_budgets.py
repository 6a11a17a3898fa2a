"""Budgets of a night: what is begun is finished, what is left is said, and the next night goes on."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from archiver.assembly.options import Options
from archiver.batch.budget import Budget
from archiver.domain.outcome import Outcome
from archiver.storage.archive import Archive
from archiver.storage.holder import Holder
from archiver.storage.lock import ArchiveLock
from tests.nightly.program import at, run_process
from tests.runs.running import is_archived, leftovers, options_for, run_ids, with_network
from tests.simulator import Service, make_clip
from tests.simulator.faults import SlowBody

_IDS = [f"g-{number:02}" for number in range(40)]


def _serve_all(service: Service) -> None:
    for generation_id in _IDS:
        service.serve(generation_id)


def _options(service: Service, archive: Path, budget: Budget) -> Options:
    """Return options under which few generations are begun ahead of what is counted."""
    return replace(with_network(options_for(service, archive), concurrency=1), budget=budget)


async def test_max_bytes_stops_taking_work_and_says_what_is_left(service: Service, archive: Path) -> None:
    """Nothing is torn: what was begun is whole, the rest was not begun; the same again does the rest."""
    _serve_all(service)
    run = await run_ids(_options(service, archive, Budget(max_bytes=10_000)), *_IDS)
    done = run.report.tally.counts[Outcome.ARCHIVED]
    assert 0 < done < len(_IDS)
    assert (run.report.exit_code, run.report.error) == (3, None)
    assert run.report.tally.left_over == "10.0 kB are fetched (--max-bytes)"
    assert run.report.tally.first_left == _IDS[done]
    assert sum(is_archived(archive, generation_id) for generation_id in _IDS) == done
    assert leftovers(archive) == []
    again = await run_ids(options_for(service, archive), *_IDS)
    assert again.report.tally.counts[Outcome.UNCHANGED] == done
    assert again.report.exit_code == 0


async def test_with_one_at_a_time_nothing_is_begun_ahead(service: Service, archive: Path) -> None:
    """Ten gigabytes are not meant to become a hundred because eight more were waiting for their turn."""
    _serve_all(service)
    run = await run_ids(_options(service, archive, Budget(max_bytes=1)), *_IDS)
    assert run.report.tally.counts[Outcome.ARCHIVED] == len(service.log.api) == 1


async def test_max_duration_stops_taking_work_and_finishes_what_is_under_way(
    service: Service, archive: Path
) -> None:
    """The first bodies take longer than the budget: they are waited for, no further one is begun."""
    for generation_id in _IDS:
        service.serve(generation_id, faults=[SlowBody(20_000)])
    run = await run_ids(_options(service, archive, Budget(max_duration_s=0.05)), *_IDS)
    tally = run.report.tally
    assert 0 < tally.counts[Outcome.ARCHIVED] < len(_IDS)
    assert tally.counts[Outcome.ERROR] == tally.counts[Outcome.INCOMPLETE] == 0
    assert tally.left_over
    assert "(--max-duration)" in tally.left_over
    assert run.report.exit_code == 3


async def test_what_waits_for_a_slot_is_not_begun_either(service: Service, archive: Path) -> None:
    """A thousand wait while the first bodies come: none of them is begun, and the run does not hang."""
    ids, clip = [f"g-{number}" for number in range(1100)], make_clip()
    for generation_id in ids:
        service.serve(generation_id, clip, faults=[SlowBody(20_000)])
    async with asyncio.timeout(30):
        run = await run_ids(_options(service, archive, Budget(max_bytes=1)), *ids)
    assert run.report.exit_code == 3
    assert 0 < len(service.log.api) < 100


async def test_min_free_ends_the_run_before_the_disk_is_full(service: Service, archive: Path) -> None:
    """A disk that fills up takes other programs down, too: nothing is begun, the exit code is a disk's."""
    _serve_all(service)
    run = await run_ids(_options(service, archive, Budget(min_free=10**18)), *_IDS)
    assert run.report.exit_code == 1
    assert run.report.error
    assert "(--min-free)" in run.report.error.message
    assert service.log.media == []


async def test_lock_wait_lets_the_other_run_end_first(service: Service, archive: Path) -> None:
    """Last night's run is late: tonight's waits for it, and without patience says who holds the archive."""
    service.serve("g-1")
    holder = Holder.of_this_process(since="2024-12-22T03:30:00Z", command="luma-archiver sync")
    options = options_for(service, archive)
    lock = await ArchiveLock.acquire((await asyncio.to_thread(Archive.open, archive)).root, holder)
    with lock:
        refused = await run_ids(options, "g-1")
        waiting = asyncio.create_task(run_ids(replace(options, lock_wait_s=30.0), "g-1"))
        done, _ = await asyncio.wait({waiting}, timeout=0.3)
        assert not done
    assert refused.report.exit_code == 11
    assert refused.report.error
    assert "luma-archiver sync, pid" in refused.report.error.message
    assert (await waiting).results["g-1"].outcome is Outcome.ARCHIVED


async def test_problems_in_a_mail_are_capped_with_the_count_of_the_rest(
    service: Service, archive: Path, tmp_path: Path
) -> None:
    """The API forgot a hundred and twenty ids: cron's mail has a hundred of them, the log has all."""
    ids, log = [f"g-{number}" for number in range(120)], tmp_path / "log"
    environment = at(service, archive)
    ended = await run_process("get", *ids, "--quiet", "--log-file", log, environment=environment)
    *lines, rest = ended.err.splitlines()
    assert (ended.exit_code, len(lines)) == (3, 100)
    assert rest.startswith("… and 20 more")
    assert log.read_text().count("\n") > 120
    verbose = await run_process("get", *ids, "--verbose", environment=environment)
    assert verbose.err.count("error g-") == 120
