"""`sync` finishes what is not final, and asks nothing about the rest."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from archiver.domain.identity import AssetName
from archiver.domain.outcome import Outcome
from archiver.domain.owed import Reason
from archiver.storage.archive import Archive
from archiver.storage.index import Index
from tests.nightly.nights import Nights, notices
from tests.runs.running import is_archived, leftovers, look, with_network
from tests.simulator import Service, Shape
from tests.simulator.faults import Silence, Status


async def test_a_night_with_nothing_to_do_asks_nothing(nights: Nights) -> None:
    """What is archived, mismatched or failed is final."""
    nights.service.serve("g-1")
    nights.service.serve("g-2", state="failed")
    nights.service.serve("g-3", shape=Shape(changes={"video_raw": {"width": 9}}))
    await nights.get("g-1", "g-2", "g-3")
    asked = len(nights.service.log)
    run = await nights.sync()
    assert (len(nights.service.log), run.results, run.report.exit_code) == (asked, {}, 0)


async def test_a_pending_generation_is_fetched_when_it_is_done(nights: Nights, tmp_path: Path) -> None:
    """The batch of yesterday met it unfinished; its columns are not lost."""
    nights.service.serve("g-1", state=("pending", "completed"))
    manifest = tmp_path / "clips.csv"
    manifest.write_text("id,split\ng-1,train\n")
    await nights.batch(manifest)
    assert nights.owed["g-1"].reason is Reason.PENDING
    nights.pass_time(days=1)
    run = await nights.sync()
    assert run.results["g-1"].outcome is Outcome.ARCHIVED
    assert look(nights.archive, "g-1").sidecar.manifest_row == {"split": "train"}
    assert nights.owed == {}


async def test_a_pending_generation_is_asked_for_less_and_less(nights: Nights) -> None:
    """One that is stuck at the service must not cost a question every night for years."""
    nights.service.serve("g-1", state="processing")
    await nights.get("g-1")
    for _ in range(60):
        nights.pass_time(days=1)
        await nights.sync()
    assert 10 < len(nights.service.log.api) < 30
    assert nights.owed["g-1"].next_try - nights.clock.now() <= timedelta(days=7)


async def test_what_is_not_due_is_counted_and_left_alone(nights: Nights) -> None:
    """Whoever runs it by hand hears why nothing happens."""
    nights.service.serve("g-1", state="pending")
    await nights.get("g-1")
    nights.pass_time(hours=8)
    await nights.sync()
    asked = len(nights.service.log.api)
    run = await nights.sync()
    assert len(nights.service.log.api) == asked
    assert notices(run) == ["1 owed, but not due yet: the next in 2 h 0 min; `get ID` asks at once"]


async def test_what_became_pending_just_now_is_asked_for_again(nights: Nights) -> None:
    """Whoever runs it by hand, some seconds after the service finished, expects the clip."""
    nights.service.serve("g-1", state="pending")
    await nights.get("g-1")
    nights.service.serve("g-1")
    run = await nights.sync()
    assert run.results["g-1"].outcome is Outcome.ARCHIVED


async def test_an_error_is_tried_again_at_once(nights: Nights) -> None:
    """The network was mended: the next run heals, however soon it comes."""
    nights.service.serve("g-1", faults=[])
    nights.service.api_faults.extend([Status(500)] * 4)
    first = await nights.get("g-1")
    assert first.results["g-1"].outcome is Outcome.ERROR
    owed = nights.owed["g-1"]
    assert owed.error
    assert (owed.reason, owed.error.kind) == (Reason.ERROR, "status")
    run = await nights.sync()
    assert run.results["g-1"].outcome is Outcome.ARCHIVED
    assert nights.owed == {}


async def test_an_id_that_nobody_knows_fails_the_nights_in_which_it_is_tried(nights: Nights) -> None:
    """Fewer and fewer of them: the exit code speaks of what the run found."""
    await nights.get("g-1")
    codes = []
    for _ in range(20):
        nights.pass_time(days=1)
        codes.append((await nights.sync()).report.exit_code)
    assert codes[:4] == [3, 3, 3, 3]
    assert 0 < codes.count(0) < codes.count(3) + 10
    assert set(codes) == {0, 3}


async def test_a_missing_asset_is_fetched_and_nothing_else(nights: Nights) -> None:
    """What is there is kept; only what was missing is asked for."""
    served = nights.service.serve("g-1", faults={"thumbnail": [Status(500)] * 4})
    first = await nights.get("g-1")
    assert first.results["g-1"].outcome is Outcome.INCOMPLETE
    assert nights.owed["g-1"].reason is Reason.INCOMPLETE
    before = len(nights.service.log.media)
    run = await nights.sync()
    assert run.results["g-1"].outcome is Outcome.ARCHIVED
    assert [exchange.path for exchange in nights.service.log.media[before:]] == [served.thumbnail.path]
    assert nights.owed == {}


async def test_what_is_incomplete_is_known_without_index_and_list(nights: Nights) -> None:
    """The sidecar says it: whatever else is lost, the archive heals."""
    nights.service.serve("g-1", faults={"thumbnail": [Status(500)] * 4})
    await nights.get("g-1")
    (nights.archive / "index.sqlite3").unlink()
    (nights.archive / "owed.jsonl").unlink()
    run = await nights.sync()
    assert run.results["g-1"].outcome is Outcome.ARCHIVED


async def test_what_is_owed_is_known_without_the_index(nights: Nights) -> None:
    """The index is a cache: deleting it loses no id."""
    nights.service.serve("g-1", state=("pending", "completed"))
    await nights.get("g-1")
    (nights.archive / "index.sqlite3").unlink()
    nights.pass_time(days=1)
    run = await nights.sync()
    assert run.results["g-1"].outcome is Outcome.ARCHIVED


async def test_a_file_that_was_deleted_comes_back(nights: Nights) -> None:
    """Found by the folder's date, without a look at the others."""
    nights.service.serve("g-1")
    nights.service.serve("g-2")
    await nights.get("g-1", "g-2")
    (look(nights.archive, "g-1").folder / "last_frame.jpg").unlink()
    run = await nights.sync()
    assert {name: result.outcome for name, result in run.results.items()} == {"g-1": Outcome.ARCHIVED}
    assert "last_frame.jpg" in look(nights.archive, "g-1").files


async def test_a_note_in_a_folder_is_no_reason_to_fetch(nights: Nights) -> None:
    """The folder changed, what is recorded is there: nobody is asked, and the index takes note."""
    nights.service.serve("g-1")
    await nights.get("g-1", assets=frozenset({AssetName.VIDEO}))
    (look(nights.archive, "g-1").folder / "notes.txt").write_text("mine")
    asked = len(nights.service.log)
    for run in (await nights.sync(dry_run=True), await nights.sync()):
        assert (run.results, run.report.exit_code) == ({}, 0)
    assert len(nights.service.log) == asked
    with Index.open(Archive.open(nights.archive)) as index:
        assert list(index.changed()) == []


async def test_a_damaged_sidecar_is_one_generations_trouble(nights: Nights, tmp_path: Path) -> None:
    """It is told each night; the others are worked on."""
    nights.service.serve("g-1", faults={"thumbnail": [Status(500)] * 4})
    nights.service.serve("g-2", faults={"thumbnail": [Status(500)] * 4})
    await nights.get("g-1", "g-2")
    sidecar = look(nights.archive, "g-1").folder / "sidecar.json"
    (tmp_path / "torn").write_bytes(b"{")
    (tmp_path / "torn").rename(sidecar)
    run = await nights.sync()
    assert run.results["g-2"].outcome is Outcome.ARCHIVED
    error = run.results["g-1"].error
    assert error
    assert (run.results["g-1"].outcome, error.kind) == (Outcome.ERROR, "bad_sidecar")
    assert run.report.exit_code == 3
    assert set(nights.owed) == {"g-1"}


async def test_a_generation_that_was_deleted_whole_stays_deleted(nights: Nights) -> None:
    """Without a sidecar nothing says that it should be there; a manifest that lists it does."""
    nights.service.serve("g-1")
    await nights.get("g-1")
    shutil.rmtree(look(nights.archive, "g-1").folder)
    run = await nights.sync()
    assert run.results == {}
    assert not is_archived(nights.archive, "g-1")


async def test_the_download_of_a_killed_run_is_gone_on_with(nights: Nights) -> None:
    """Its id stands on no list: the bytes in `.partial` say that somebody wanted it."""
    served = nights.service.serve("g-1", faults={"video_raw": [Silence()]})
    nights.archive.mkdir()
    partial = nights.archive / ".partial/g-1/video.part"
    partial.parent.mkdir(parents=True)
    partial.write_bytes(served.video.body[:100])
    run = await nights.sync()
    assert run.results["g-1"].outcome is Outcome.ARCHIVED
    assert leftovers(nights.archive) == []


async def test_failed_ones_are_asked_for_again_on_request_alone(nights: Nights) -> None:
    """`--retry-failed`: the service may have thought better of it."""
    nights.service.serve("g-1", state=("failed", "completed"))
    await nights.get("g-1")
    assert (await nights.sync()).results == {}
    run = await nights.sync(retry_failed=True)
    assert run.results["g-1"].outcome is Outcome.ARCHIVED


async def test_mismatched_ones_are_fetched_again_on_request_alone(nights: Nights) -> None:
    """`--retry-mismatched`: the file at the host may have been replaced."""
    nights.service.serve("g-1", shape=Shape(changes={"video_raw": {"width": 9}}))
    await nights.get("g-1")
    nights.service.serve("g-1")
    assert (await nights.sync()).results == {}
    run = await nights.sync(retry_mismatched=True)
    assert run.results["g-1"].outcome is Outcome.ARCHIVED


async def test_what_was_archived_without_being_taken_off_the_list_is_taken_off(nights: Nights) -> None:
    """A run may be killed between the commit and the line that says so."""
    nights.service.serve("g-1", state=("pending", "completed"))
    await nights.get("g-1")
    listed = (nights.archive / "owed.jsonl").read_bytes()
    await nights.get("g-1")
    (nights.archive / "owed.jsonl").write_bytes(listed)
    nights.pass_time(days=1)
    asked = len(nights.service.log)
    run = await nights.sync()
    assert (len(nights.service.log), run.results["g-1"].outcome) == (asked, Outcome.UNCHANGED)
    assert nights.owed == {}


@pytest.mark.parametrize("is_broken_off", [False, True])
async def test_what_was_declined_stays_so_after_a_bad_night(nights: Nights, is_broken_off: bool) -> None:  # noqa: FBT001 - a parameter
    """A lost thumbnail of an archive of thumbnails is no reason to fetch clips."""
    served = nights.service.serve("g-1")
    await nights.get("g-1", assets=frozenset({AssetName.THUMBNAIL}))
    (nights.archive / "generations/2024/12/g-1/thumbnail.jpg").unlink()
    if is_broken_off:
        (nights.archive / ".partial/g-1").mkdir(parents=True)
        (nights.archive / ".partial/g-1/thumbnail.part").write_bytes(b"half")
    else:
        served.task.faults.extend([Status(500)] * 4)
        assert (await nights.sync()).report.exit_code == 3
        served.task.faults.clear()
    run = await nights.sync()
    assert run.report.exit_code == 0
    assert set(look(nights.archive, "g-1").sidecar.assets) == {AssetName.THUMBNAIL}


@pytest.mark.parametrize("is_broken_off", [False, True])
async def test_what_somebody_asked_for_since_is_finished(nights: Nights, is_broken_off: bool) -> None:  # noqa: FBT001 - a parameter
    """Thumbnails first, then all; the API had a bad moment, or the run was killed midway."""
    served = nights.service.serve("g-1")
    await nights.get("g-1", assets=frozenset({AssetName.THUMBNAIL}))
    if is_broken_off:
        (nights.archive / ".partial/g-1").mkdir(parents=True)
        (nights.archive / ".partial/g-1/video.part").write_bytes(b"half")
    else:
        served.task.faults.extend([Status(500)] * 9)
        await nights.get("g-1")
        served.task.faults.clear()
    run = await nights.sync()
    assert (run.results["g-1"].outcome, run.report.exit_code) == (Outcome.ARCHIVED, 0)
    assert look(nights.archive, "g-1").record("video").status == "verified"


async def test_a_night_without_an_archive_says_so(nights: Nights) -> None:
    """A disk that is not mounted must not pass for a night without work."""
    run = await nights.sync()
    assert notices(run) == [f"there was no archive at {nights.archive}: an empty one was made"]
    assert notices(await nights.sync()) == []


async def test_assets_that_were_never_wanted_are_not_owed(nights: Nights) -> None:
    """`--assets video` archived all that was asked for."""
    nights.service.serve("g-1")
    await nights.get("g-1", assets=frozenset({AssetName.VIDEO}))
    assert (await nights.sync()).results == {}


async def test_a_dry_run_of_it_changes_nothing(nights: Nights) -> None:
    """It plans what is due; list and ledger stay as they are."""
    nights.service.serve("g-1", state=("pending", "completed"))
    await nights.get("g-1")
    nights.pass_time(days=1)
    before = {path: path.read_bytes() for path in nights.archive.iterdir() if path.is_file()}
    run = await nights.sync(dry_run=True)
    assert run.report.tally.planned == 1
    assert {path: path.read_bytes() for path in nights.archive.iterdir() if path.is_file()} == before


async def test_waiting_is_one_question_on_the_list_not_many(nights: Nights) -> None:
    """`--wait` asks every few seconds; the list is written when it matters."""
    nights.service.serve("g-1", state="pending")
    await nights.get("g-1", wait_s=0.2)
    assert len(nights.service.log.api) > 10
    assert (nights.archive / "owed.jsonl").read_bytes().count(b"\n") == 1


@pytest.mark.parametrize("name", ["index.sqlite3", "owed.jsonl", "runs.jsonl"])
async def test_an_archive_from_before_has_all_it_needs(service: Service, nights: Nights, name: str) -> None:
    """Files of later versions are made where there are none."""
    service.serve("g-1")
    await nights.get("g-1")
    (nights.archive / name).unlink(missing_ok=True)
    run = await nights.sync()
    assert run.report.exit_code == 0
    await nights.get("g-2")
    assert set(nights.owed) == {"g-2"}


async def test_a_refused_key_ends_the_run_and_keeps_the_list(nights: Nights) -> None:
    """Exit code 12, one question, and everything is owed as before."""
    nights.service.serve("g-1", state="pending")
    nights.service.serve("g-2", state="pending")
    await nights.get("g-1", "g-2")
    nights.pass_time(days=1)
    nights.service.api_faults.append(Status(401))
    run = await nights.sync()
    assert run.report.exit_code == 12
    assert set(nights.owed) == {"g-1", "g-2"}


async def test_without_a_key_nothing_to_do_is_no_error(nights: Nights) -> None:
    """The key is needed when somebody is asked."""
    nights.options = with_network(nights.options, api_key=None)
    assert (await nights.sync()).report.exit_code == 0
