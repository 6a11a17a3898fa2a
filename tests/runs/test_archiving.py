"""A healthy service: what is archived, and what a second run does."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from archiver.domain.errors import ErrorRecord
from archiver.domain.events import GenerationPlanned
from archiver.domain.identity import AssetName
from archiver.domain.outcome import Outcome
from archiver.domain.sidecar import AssetStatus
from archiver.transport.options import HttpEngine
from tests.runs.running import as_json, is_archived, leftovers, look, options_for, run_ids
from tests.simulator import Recipe, Service, Shape, make_clip


async def test_every_asset_is_archived_whole_and_verified(
    service: Service, archive: Path, engine: HttpEngine
) -> None:
    """The main job, over either engine."""
    clip = make_clip(Recipe(watermarked=True))
    service.serve("g-1", clip)
    run = await run_ids(options_for(service, archive, engine), "g-1")
    assert run.report.exit_code == 0
    found = look(archive, "g-1")
    assert found.folder == archive / "generations/2024/12/g-1"
    assert found.files == {"video.mp4", "video_raw.mp4", "thumbnail.jpg", "last_frame.jpg", "sidecar.json"}
    assert found.bytes_of("video") == clip.video.data
    assert found.bytes_of("video_raw") == clip.video_raw.data
    assert found.bytes_of("thumbnail") == clip.thumbnail.data
    assert found.sidecar.verification == "verified"
    assert leftovers(archive) == []
    assert not (archive / ".partial").exists()
    assert not (archive / ".lock").exists()


async def test_one_url_for_two_assets_is_fetched_once_and_linked(service: Service, archive: Path) -> None:
    """The service often gives `video` and `video_raw` one URL: one download, one set of bytes."""
    served = service.serve("g-1")
    await run_ids(options_for(service, archive), "g-1")
    found = look(archive, "g-1")
    assert len(service.log.to(served.video.path)) == 1
    assert found.inode("video") == found.inode("video_raw")
    assert found.record("video_raw").same_as is AssetName.VIDEO


async def test_a_dry_run_waits_for_nobody(service: Service, archive: Path) -> None:
    """It says what can be had now: one question, however long `--wait` is."""
    service.serve("g-1", state="pending")
    run = await run_ids(replace(options_for(service, archive), dry_run=True, wait_s=600.0), "g-1")
    assert run.results["g-1"].outcome is Outcome.PENDING
    assert len(service.log.api) == 1


async def test_a_second_run_asks_nothing_and_fetches_nothing(service: Service, archive: Path) -> None:
    """A nightly job must do nothing where there is nothing to do."""
    service.serve("g-1")
    service.serve("g-2", state="failed", shape=Shape(extra={"failure_reason": "moderated"}))
    options = options_for(service, archive)
    first = await run_ids(options, "g-1", "g-2")
    assert first.report.exit_code == 3
    asked = len(service.log)
    second = await run_ids(options, "g-1", "g-2")
    assert len(service.log) == asked
    assert {result.outcome for result in second.results.values()} == {Outcome.UNCHANGED}
    assert second.results["g-2"].error == ErrorRecord(kind="failed", message="moderated")
    assert second.report.exit_code == 0


async def test_without_its_index_an_archive_knows_all_the_same(service: Service, archive: Path) -> None:
    """The sidecars are the truth; the index may be deleted at any time."""
    service.serve("g-1")
    options = options_for(service, archive)
    await run_ids(options, "g-1")
    (archive / "index.sqlite3").unlink()
    asked = len(service.log)
    second = await run_ids(options, "g-1")
    assert second.results["g-1"].outcome is Outcome.UNCHANGED
    assert len(service.log) == asked


async def test_a_generation_that_failed_upstream_leaves_its_reason(service: Service, archive: Path) -> None:
    """A tombstone: nobody has to ask again why a clip is not there."""
    service.serve("g-1", state="failed", shape=Shape(extra={"failure_reason": "moderated"}))
    run = await run_ids(options_for(service, archive), "g-1")
    found = look(archive, "g-1")
    assert found.files == {"sidecar.json"}
    assert found.sidecar.failure_reason == "moderated"
    assert run.results["g-1"].outcome is Outcome.FAILED
    assert run.report.exit_code == 3


async def test_a_deleted_file_comes_back_and_only_that(service: Service, archive: Path) -> None:
    """Somebody deleted a thumbnail: the rest is still there and is not fetched again."""
    served = service.serve("g-1")
    options = options_for(service, archive)
    await run_ids(options, "g-1")
    (look(archive, "g-1").folder / "thumbnail.jpg").unlink()
    before = len(service.log.media)
    run = await run_ids(options, "g-1")
    assert run.results["g-1"].outcome is Outcome.ARCHIVED
    assert [exchange.path for exchange in service.log.media[before:]] == [served.thumbnail.path]
    assert "thumbnail.jpg" in look(archive, "g-1").files


async def test_a_deleted_generation_is_fetched_again(service: Service, archive: Path) -> None:
    """The index must not claim what is not there."""
    service.serve("g-1")
    options = options_for(service, archive)
    await run_ids(options, "g-1")
    shutil.rmtree(look(archive, "g-1").folder)
    run = await run_ids(options, "g-1")
    assert run.results["g-1"].outcome is Outcome.ARCHIVED
    assert look(archive, "g-1").sidecar.verification == "verified"


async def test_only_the_wanted_assets_are_fetched_and_the_others_later(
    service: Service, archive: Path
) -> None:
    """`--assets video` today and all of them tomorrow: the video is not fetched twice."""
    served = service.serve("g-1")
    options = options_for(service, archive)
    await run_ids(replace(options, assets=frozenset({AssetName.VIDEO})), "g-1")
    assert look(archive, "g-1").files == {"video.mp4", "sidecar.json"}
    await run_ids(options, "g-1")
    found = look(archive, "g-1")
    assert set(found.sidecar.assets) == set(AssetName)
    assert len(service.log.to(served.thumbnail.path)) == 1
    # `video_raw` has the URL that `video` came from: it is linked, not fetched.
    assert len(service.log.to(served.video_raw.path)) == 1
    assert found.inode("video") == found.inode("video_raw")
    assert found.sidecar.verification == "verified"


async def test_an_unfinished_generation_is_waited_for(service: Service, archive: Path) -> None:
    """`get` shortly after a clip was ordered."""
    service.serve("g-1", state=("pending", "processing", "dreaming", "completed"))
    run = await run_ids(replace(options_for(service, archive), wait_s=30), "g-1")
    assert run.results["g-1"].outcome is Outcome.ARCHIVED
    assert len(service.log.api) == 4


async def test_an_unfinished_generation_is_left_for_later_without_waiting(
    service: Service, archive: Path
) -> None:
    """A nightly job does not wait: the clip will be there tomorrow."""
    service.serve("g-1", state="a state nobody has heard of")
    run = await run_ids(options_for(service, archive), "g-1")
    assert run.results["g-1"].outcome is Outcome.PENDING
    assert run.report.exit_code == 0
    assert not is_archived(archive, "g-1")


async def test_a_mismatch_is_kept_flagged_and_final(service: Service, archive: Path) -> None:
    """The bytes are all there is: they are never thrown away, and not fetched every night."""
    served = service.serve("g-1", shape=Shape(changes={"video_raw": {"width": 1360}}))
    options = options_for(service, archive)
    run = await run_ids(options, "g-1")
    found = look(archive, "g-1")
    assert run.report.exit_code == 4
    assert found.record("video_raw").status is AssetStatus.MISMATCHED
    assert found.record("video").status is AssetStatus.VERIFIED
    assert found.bytes_of("video_raw") == served.video_raw.body
    (width,) = (check for check in found.record("video_raw").checks if check.name == "width")
    assert (width.ok, width.expected, width.measured) == (False, 1360, 64)
    assert (await run_ids(options, "g-1")).report.exit_code == 0
    again = await run_ids(replace(options, retry_mismatched=True), "g-1")
    assert again.report.exit_code == 4


async def test_the_sidecar_holds_the_answer_to_the_letter(service: Service, archive: Path) -> None:
    """What the service said is evidence; numbers and fields nobody knows are kept as they came."""
    service.serve("g-1", shape=Shape(extra={"liked": None, "nested": {"number": 1.50}}, wrapped=True))
    await run_ids(options_for(service, archive), "g-1")
    response = as_json(look(archive, "g-1"))["response"]
    assert isinstance(response, dict)
    assert response["data"]["nested"] == {"number": 1.5}


async def test_unknown_dates_have_a_folder_of_their_own(service: Service, archive: Path) -> None:
    """The zero time means unknown, not the year 1."""
    service.serve("g-1", shape=Shape(created_at="0001-01-01T00:00:00Z"))
    await run_ids(options_for(service, archive), "g-1")
    assert look(archive, "g-1").folder == archive / "generations/undated/g-1"


async def test_without_verification_nothing_claims_to_be_verified(service: Service, archive: Path) -> None:
    """`--no-verify` saves time, and says so in the record."""
    service.serve("g-1", shape=Shape(changes={"video": {"width": 1}}))
    run = await run_ids(replace(options_for(service, archive), verify=False), "g-1")
    assert run.report.exit_code == 0
    assert look(archive, "g-1").sidecar.verification == "unverified"


async def test_deep_verification_decodes_everything_and_compares_the_last_frame(
    service: Service, archive: Path
) -> None:
    """`--deep`: every frame, and whether the last frame's picture is the video's own."""
    service.serve("g-1", make_clip(Recipe(width=128, height=96)))
    await run_ids(replace(options_for(service, archive), deep=True), "g-1")
    found = look(archive, "g-1")
    assert {check.name for check in found.record("video").checks} >= {"container", "width", "decode"}
    checks = {check.name: check for check in found.record("last_frame").checks}
    assert checks["decode"].ok
    assert checks["last_frame"].ok
    assert checks["last_frame"].advisory


async def test_a_dry_run_touches_nothing(service: Service, archive: Path) -> None:
    """Resolve and plan, print files and bytes, change nothing: not even the folder is made."""
    served = service.serve("g-1")
    run = await run_ids(replace(options_for(service, archive), dry_run=True), "g-1")
    assert list(archive.parent.iterdir()) == []
    assert run.report.tally.planned == 1
    (plan,) = (event for event in run.events if isinstance(event, GenerationPlanned))
    assert plan.assets[AssetName.VIDEO] == len(served.video.body)
    assert plan.assets[AssetName.VIDEO_RAW] == 0


async def test_a_dry_run_tells_of_what_failed_at_the_service(service: Service, archive: Path) -> None:
    """There will be nothing to fetch of it, and the run itself will say so with the same exit code."""
    service.serve("g-1", state="failed")
    run = await run_ids(replace(options_for(service, archive), dry_run=True), "g-1")
    assert run.results["g-1"].outcome is Outcome.FAILED
    assert run.report.exit_code == 3
    assert list(archive.parent.iterdir()) == []


async def test_what_was_not_verified_is_verified_by_the_next_run(service: Service, archive: Path) -> None:
    """`--no-verify` on a busy night: later the files are looked into where they lie, and not fetched."""
    service.serve("g-1")
    service.serve("g-2", shape=Shape(changes={"video_raw": {"width": 7}}))
    options = options_for(service, archive)
    first = await run_ids(replace(options, verify=False), "g-1", "g-2")
    assert first.report.exit_code == 0
    assert look(archive, "g-1").sidecar.verification == "unverified"
    assert (await run_ids(replace(options, verify=False), "g-1")).results["g-1"].outcome is Outcome.UNCHANGED
    before, fetched = look(archive, "g-1"), len(service.log.media)
    run = await run_ids(options, "g-1", "g-2")
    assert (run.results["g-1"].outcome, run.results["g-2"].outcome) == (Outcome.ARCHIVED, Outcome.MISMATCHED)
    assert run.report.exit_code == 4
    assert len(service.log.media) == fetched
    after = look(archive, "g-1")
    assert after.sidecar.verification == "verified"
    assert after.files == before.files
    assert after.record("video").downloaded_at == before.record("video").downloaded_at
    assert (await run_ids(options, "g-1")).results["g-1"].outcome is Outcome.UNCHANGED
