"""`verify --repair` fetches what is damaged or missing again, and loses nothing where it cannot."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from archiver.batch.audit.selecting import Scope
from archiver.domain.audit import AuditStatus
from archiver.domain.events import GenerationPlanned
from archiver.domain.identity import AssetName, parse_id
from archiver.domain.outcome import Outcome
from archiver.storage.archive import Archive
from archiver.storage.index import Index
from tests.media.samples import picture
from tests.nightly.nights import Nights, audit_of, findings, notices, trouble
from tests.nightly.program import at, run_process
from tests.runs.running import OnDisk, leftovers, look
from tests.simulator import Shape, make_clip
from tests.simulator.faults import Always, CutAfter, Fault, Raw, Silence, Status, UntilClose


def _spoil(path: Path) -> bytes:
    """Change a byte in the middle and return what the file holds then."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    return bytes(data)


def _all_files(root: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}


async def _archived(nights: Nights, *ids: str) -> OnDisk:
    for generation_id in ids:
        nights.service.serve(generation_id, shape=Shape(signed=True))
    await nights.get(*ids)
    return look(nights.archive, ids[0])


async def test_a_damaged_file_is_whole_again(nights: Nights) -> None:
    """Only that file is fetched; the sidecar records the bytes that it recorded before."""
    found = await _archived(nights, "g-1", "g-2")
    before = found.record("thumbnail").sha256
    _spoil(found.folder / "thumbnail.jpg")
    media = len(nights.service.log.media)
    run = await nights.verify(repair=True)
    assert run.report.exit_code == 0
    assert trouble(run) == {"g-1 thumbnail": AuditStatus.REPAIRED}
    assert audit_of(run).counts[AuditStatus.INTACT] == 7
    assert [exchange.path for exchange in nights.service.log.media[media:]] == ["/dream-machine/g-1/public"]
    assert look(nights.archive, "g-1").record("thumbnail").sha256 == before
    assert trouble(await nights.verify()) == {}
    assert leftovers(nights.archive) == []


async def test_shared_bytes_are_fetched_once_and_linked_again(nights: Nights) -> None:
    """`video` and `video_raw` are one file: it broke under both names."""
    found = await _archived(nights, "g-1")
    _spoil(found.folder / "video.mp4")
    media = len(nights.service.log.media)
    run = await nights.verify(repair=True)
    assert trouble(run) == {"g-1 video": AuditStatus.REPAIRED, "g-1 video_raw": AuditStatus.REPAIRED}
    assert len(nights.service.log.media) == media + 1
    again = look(nights.archive, "g-1")
    assert again.inode("video") == again.inode("video_raw")


async def test_urls_that_have_expired_do_not_matter(nights: Nights) -> None:
    """The recorded URLs are spent by then: the API is asked for fresh ones."""
    found = await _archived(nights, "g-1")
    nights.service.revoke("g-1")
    (found.folder / "last_frame.jpg").unlink()
    run = await nights.verify(repair=True)
    assert trouble(run) == {"g-1 last_frame": AuditStatus.REPAIRED}
    assert look(nights.archive, "g-1").bytes_of("last_frame")


@pytest.mark.parametrize("fault", [Status(404), Status(500), CutAfter(100), Silence()])
async def test_damaged_bytes_stay_until_whole_ones_have_come(nights: Nights, fault: object) -> None:
    """They may be all that is left; the sidecar goes on saying what the file should be."""
    found = await _archived(nights, "g-1")
    spoilt = _spoil(found.folder / "video.mp4")
    sidecar = (found.folder / "sidecar.json").read_bytes()
    nights.service.serve("g-1", shape=Shape(signed=True))
    served = nights.service.serve("g-1", faults={"video_raw": [fault] * 12})  # type: ignore[list-item]  # a fault
    assert served.video_raw.faults
    run = await nights.verify(repair=True)
    assert run.report.exit_code == 3
    assert (found.folder / "video.mp4").read_bytes() == spoilt
    assert (found.folder / "sidecar.json").read_bytes() == sidecar
    told = [finding.error.message for finding in findings(run) if finding.error]
    assert any(message.startswith("not repaired: ") for message in told)
    assert audit_of(run).counts[AuditStatus.DAMAGED] == 2


@pytest.mark.parametrize("state", ["failed", "processing"])
async def test_a_service_that_has_it_no_more_takes_nothing_away(nights: Nights, state: str) -> None:
    """A tombstone in the place of a clip would be a loss."""
    found = await _archived(nights, "g-1")
    for name in found.files - {"sidecar.json"}:
        _spoil(found.folder / name)
    before = {path: path.read_bytes() for path in found.folder.iterdir()}
    nights.service.serve("g-1", state=state)
    run = await nights.verify(repair=True)
    assert run.report.exit_code == 3
    assert {path: path.read_bytes() for path in found.folder.iterdir()} == before


async def test_other_bytes_than_before_get_a_record_of_their_own(nights: Nights) -> None:
    """The service made the file anew: what is whole now is recorded as what it is."""
    found = await _archived(nights, "g-1")
    before = found.record("video").sha256
    _spoil(found.folder / "video.mp4")
    nights.service.serve("g-1")
    run = await nights.verify(repair=True)
    assert run.report.exit_code == 0
    assert look(nights.archive, "g-1").record("video").sha256 != before


async def test_a_damaged_sidecar_is_made_anew_and_kept_aside(nights: Nights) -> None:
    """A manifest's columns may still be read in it."""
    found = await _archived(nights, "g-1")
    (found.folder / "sidecar.json").write_bytes(b'{"manifest_row": {"split": "train"}')
    run = await nights.verify(repair=True)
    assert trouble(run) == {"g-1 None": AuditStatus.REPAIRED}
    assert (found.folder / "sidecar.damaged.json").read_bytes() == b'{"manifest_row": {"split": "train"}'
    assert look(nights.archive, "g-1").sidecar.verification == "verified"


async def test_a_damaged_sidecar_stays_where_there_is_no_better(nights: Nights) -> None:
    """The service failed since: its files lie there all the same."""
    found = await _archived(nights, "g-1")
    (found.folder / "sidecar.json").write_bytes(b"{")
    nights.service.serve("g-1", state="failed")
    run = await nights.verify(repair=True)
    assert run.report.exit_code == 3
    assert (found.folder / "sidecar.json").read_bytes() == b"{"
    assert "video.mp4" in found.files


async def test_a_folder_that_is_gone_comes_back(nights: Nights) -> None:
    """The index still knew of it."""
    found = await _archived(nights, "g-1", "g-2")
    shutil.rmtree(found.folder)
    run = await nights.verify(repair=True)
    assert trouble(run) == {"g-1 None": AuditStatus.REPAIRED}
    assert look(nights.archive, "g-1").sidecar.verification == "verified"


async def test_an_id_that_is_not_there_is_archived(nights: Nights) -> None:
    """Asked for by name, it is missing like any other."""
    await _archived(nights, "g-1")
    nights.service.serve("g-2")
    run = await nights.verify(Scope(ids=(parse_id("g-1"), parse_id("g-2"))), repair=True)
    assert trouble(run) == {"g-2 None": AuditStatus.REPAIRED}
    assert look(nights.archive, "g-2").sidecar.verification == "verified"


async def test_a_manifests_columns_survive_a_repair(nights: Nights, tmp_path: Path) -> None:
    """What the user said of a clip is not the service's to know."""
    nights.service.serve("g-1")
    manifest = tmp_path / "clips.csv"
    manifest.write_text("id,split\ng-1,train\n")
    await nights.batch(manifest)
    _spoil(look(nights.archive, "g-1").folder / "video.mp4")
    await nights.verify(repair=True)
    assert look(nights.archive, "g-1").sidecar.manifest_row == {"split": "train"}


async def test_what_could_never_be_had_is_tried_again(nights: Nights) -> None:
    """The thumbnail was missing from the beginning; now the host has it."""
    nights.service.serve("g-1", faults={"thumbnail": [Status(404)] * 2})
    assert (await nights.get("g-1")).results["g-1"].outcome is Outcome.INCOMPLETE
    run = await nights.verify(repair=True)
    assert trouble(run) == {"g-1 thumbnail": AuditStatus.REPAIRED}
    assert run.report.exit_code == 0


async def test_without_the_option_nothing_is_fetched(nights: Nights) -> None:
    """It tells, and does nothing."""
    found = await _archived(nights, "g-1")
    _spoil(found.folder / "thumbnail.jpg")
    asked = len(nights.service.log)
    assert (await nights.verify()).report.exit_code == 3
    assert len(nights.service.log) == asked


@pytest.mark.parametrize("repair", [True, False])
async def test_a_dry_run_plans_and_changes_nothing(nights: Nights, repair: bool) -> None:  # noqa: FBT001 - a parameter
    """What would be fetched is asked for and told; not even the audits' own history is written."""
    found = await _archived(nights, "g-1")
    _spoil(found.folder / "thumbnail.jpg")
    before = _all_files(nights.archive)
    run = await nights.verify(repair=repair, sums=True, dry_run=True)
    assert run.report.exit_code == 3
    plans = [event for event in run.events if isinstance(event, GenerationPlanned)]
    assert [plan.assets.keys() for plan in plans] == ([{AssetName.THUMBNAIL}] if repair else [])
    assert _all_files(nights.archive) == before


async def test_the_index_knows_what_was_repaired(nights: Nights) -> None:
    """The next run finds everything as it was recorded."""
    found = await _archived(nights, "g-1")
    _spoil(found.folder / "thumbnail.jpg")
    await nights.verify(repair=True)
    with Index.open(Archive.open(nights.archive)) as index:
        assert list(index.changed()) == []
    asked = len(nights.service.log)
    assert (await nights.sync()).results == {}
    assert (len(nights.service.log), notices(await nights.sync())) == (asked, [])


async def test_a_full_disk_ends_the_repair_and_keeps_everything(nights: Nights) -> None:
    """`--min-free` is met before anything is fetched."""
    found = await _archived(nights, "g-1")
    spoilt = _spoil(found.folder / "thumbnail.jpg")
    free = shutil.disk_usage(nights.archive).free
    budget = replace(nights.options.budget, min_free=free * 2)
    run = await nights.verify(repair=True, budget=budget)
    assert run.report.exit_code == 1
    assert (found.folder / "thumbnail.jpg").read_bytes() == spoilt


async def test_each_asset_has_its_lines_and_the_end_its_counts(nights: Nights) -> None:
    """For programs: damaged, then repaired; no other lines than the contract's."""
    found = await _archived(nights, "g-1")
    os.truncate(found.folder / "thumbnail.jpg", 10)
    ended = await run_process("verify", "--repair", "--json", environment=at(nights.service, nights.archive))
    assert ended.exit_code == 0
    assert {line["event"] for line in ended.lines} == {"asset", "summary"}
    assert [line["status"] for line in ended.lines if line.get("asset") == "thumbnail"] == [
        "damaged",
        "repaired",
    ]
    counts = ended.lines[-1]
    assert (counts["intact"], counts["damaged"], counts["repaired"]) == (3, 0, 1)


@pytest.mark.parametrize("fault", [UntilClose(2_000), Raw(picture("GIF"))], ids=["stump", "GIF"])
async def test_damaged_bytes_give_way_to_nothing_worse(nights: Nights, fault: Fault) -> None:
    """One bit is wrong in the clip, and the host has half of it by now, or a placeholder's picture."""
    found = await _archived(nights, "g-1")
    damaged = _spoil(found.folder / "video.mp4")
    recorded = (found.folder / "sidecar.json").read_bytes()
    nights.service.serve("g-1", faults=[Always(fault)])
    run = await nights.verify(repair=True)
    assert run.report.exit_code == 3
    assert AuditStatus.REPAIRED not in trouble(run).values()
    assert (found.folder / "video.mp4").read_bytes() == damaged
    assert (found.folder / "sidecar.json").read_bytes() == recorded
    nights.service.serve("g-1")
    assert (await nights.verify(repair=True)).report.exit_code == 0


async def test_an_unreadable_sidecar_stays_until_its_repair_is_asked_for(nights: Nights) -> None:
    """Without an index nobody knows of it: the files beside it may be all that there is."""
    found = await _archived(nights, "g-1")
    before = (found.folder / "video.mp4").read_bytes()
    (found.folder / "sidecar.json").write_bytes(b'{"id"')
    (nights.archive / "index.sqlite3").unlink()
    nights.service.serve("g-1")
    run = await nights.get("g-1")
    assert run.report.exit_code == 3
    error = run.results["g-1"].error
    assert error
    assert "luma-archiver verify --repair g-1" in error.message
    assert (found.folder / "video.mp4").read_bytes() == before
    assert (found.folder / "sidecar.json").read_bytes() == b'{"id"'
    assert (await nights.verify(repair=True)).report.exit_code == 0


async def test_beside_an_unreadable_sidecar_nothing_worse_takes_a_place(nights: Nights) -> None:
    """Nobody knows what the files should be; half of a picture is no better than a whole one."""
    found = await _archived(nights, "g-1")
    before = (found.folder / "thumbnail.jpg").read_bytes()
    (found.folder / "sidecar.json").write_bytes(b'{"id"')
    nights.service.serve("g-1", faults={"thumbnail": [Always(UntilClose(300))]})
    run = await nights.verify(repair=True)
    assert run.report.exit_code == 3
    assert (found.folder / "thumbnail.jpg").read_bytes() == before


async def test_assets_that_were_declined_are_not_fetched_for_a_repair(nights: Nights) -> None:
    """Of what was archived with `--assets video` the video is repaired, and the generation is whole."""
    served = nights.service.serve("g-1", faults=[])
    served.thumbnail.faults.append(Always(Status(404)))
    await nights.get("g-1", assets=frozenset({AssetName.VIDEO}))
    path = nights.archive / "generations/2024/12/g-1/video.mp4"
    path.write_bytes(bytes(path.stat().st_size))
    run = await nights.verify(repair=True)
    assert run.report.exit_code == 0
    assert set(look(nights.archive, "g-1").sidecar.assets) == {AssetName.VIDEO}
    path.unlink()
    run = await nights.sync()
    assert (run.results["g-1"].outcome, run.report.exit_code) == (Outcome.ARCHIVED, 0)
    assert set(look(nights.archive, "g-1").sidecar.assets) == {AssetName.VIDEO}


async def test_a_mismatch_that_is_on_record_does_not_fail_a_repair(nights: Nights) -> None:
    """Beside it a lost thumbnail is had again: that is all there was to do."""
    nights.service.serve("g-1", shape=Shape(changes={"video_raw": {"width": 7}, "video": {"width": 7}}))
    await nights.get("g-1")
    (nights.archive / "generations/2024/12/g-1/thumbnail.jpg").unlink()
    run = await nights.verify(repair=True)
    assert (audit_of(run).counts[AuditStatus.REPAIRED], run.report.exit_code) == (1, 0)


async def test_bytes_that_came_and_are_not_as_promised_fail_a_repair(nights: Nights) -> None:
    """A mismatch that no sidecar knew of: exit code 4."""
    clip = make_clip()
    nights.service.serve("g-1", clip)
    await nights.get("g-1")
    (nights.archive / "generations/2024/12/g-1/thumbnail.jpg").unlink()
    nights.service.serve("g-1", clip, shape=Shape(changes={"thumbnail": {"width": 7}}))
    run = await nights.verify(repair=True)
    assert run.report.exit_code == 4


async def test_an_archive_that_is_not_there_is_not_made_for_a_repair(nights: Nights) -> None:
    """A misspelt folder must not pass for an archive that is whole."""
    run = await nights.verify(repair=True)
    assert run.report.exit_code == 1
    assert not nights.archive.exists()


async def test_a_damaged_sidecar_is_made_anew_of_what_is_wanted(nights: Nights) -> None:
    """The other files lie there, and nobody missed them."""
    found = await _archived(nights, "g-1")
    (found.folder / "sidecar.json").write_bytes(b'{"id"')
    run = await nights.verify(repair=True, assets=frozenset({AssetName.VIDEO}))
    assert run.report.exit_code == 0
    assert trouble(run) == {"g-1 None": AuditStatus.REPAIRED}
    assert found.files >= {"thumbnail.jpg", "last_frame.jpg"}
