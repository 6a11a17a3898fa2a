"""What a run makes of what an earlier one left: lost files, unknown folders, bytes that are here already."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from archiver.domain.identity import AssetName, parse_id
from archiver.domain.outcome import Outcome
from archiver.domain.sidecar import AssetStatus, decode_sidecar, encode_sidecar
from archiver.storage.archive import Archive
from archiver.storage.index import Index
from tests.faults.media_faults import HALF
from tests.faults.media_faults import clip as large_clip
from tests.runs.running import leftovers, look, options_for, run_ids, run_manifests
from tests.simulator import Recipe, Service, Shape, make_clip
from tests.simulator.answers import Link, build_answer
from tests.simulator.faults import Always, CutAfter, Raw, Status

_THUMBNAIL_ALONE = frozenset({AssetName.THUMBNAIL})


async def test_what_is_missing_and_not_wanted_this_time_is_missing_still(
    service: Service, archive: Path
) -> None:
    """A run for thumbnails must not make a generation without its clip a whole one."""
    service.serve("g-1", faults=[Always(Status(500))])
    options = options_for(service, archive)
    await run_ids(options, "g-1")
    run = await run_ids(replace(options, assets=_THUMBNAIL_ALONE), "g-1")
    assert (run.results["g-1"].outcome, run.report.exit_code) == (Outcome.INCOMPLETE, 3)
    assert look(archive, "g-1").record("video").status is AssetStatus.MISSING
    assert b'"g-1"' in (archive / "owed.jsonl").read_bytes()


async def test_the_digest_of_a_lost_file_outlives_a_night_without_the_host(
    service: Service, archive: Path
) -> None:
    """Any copy with that digest is a repair: one from a backup makes the generation whole again."""
    served = service.serve("g-1", make_clip(Recipe(watermarked=True)))
    options = options_for(service, archive)
    await run_ids(options, "g-1")
    before = look(archive, "g-1").sidecar
    path = archive / "generations/2024/12/g-1/video.mp4"
    data = path.read_bytes()
    path.unlink()
    served.video.faults.append(Always(Status(404)))
    run = await run_ids(options, "g-1")
    assert (run.results["g-1"].outcome, run.report.exit_code) == (Outcome.INCOMPLETE, 3)
    assert run.results["g-1"].assets[AssetName.VIDEO] is AssetStatus.MISSING
    assert decode_sidecar((path.parent / "sidecar.json").read_bytes()) == before
    path.write_bytes(data)
    asked = len(service.log)
    assert (await run_ids(options, "g-1")).results["g-1"].outcome is Outcome.UNCHANGED
    assert (look(archive, "g-1").sidecar, len(service.log)) == (before, asked)


@pytest.mark.parametrize("state", ["completed", "failed"])
async def test_a_folder_that_the_index_does_not_know_is_read_before_it_is_replaced(
    service: Service, archive: Path, tmp_path: Path, state: str
) -> None:
    """Copied in from a backup, or the index is an old one: what the service says by now takes nothing."""
    clip = make_clip(Recipe(watermarked=True))
    service.serve("g-1", clip)
    manifest = tmp_path / "clips.csv"
    manifest.write_text("id,tags\ng-1,cat\n")
    there, here = options_for(service, tmp_path / "other"), options_for(service, archive)
    await run_manifests(there, [manifest])
    service.serve("g-2")
    await run_ids(here, "g-2")
    month = "generations/2024/12"
    shutil.copytree(tmp_path / "other" / month / "g-1", archive / month / "g-1")
    before = look(archive, "g-1").sidecar
    service.serve("g-1", clip, state=state)
    answer = {"id": "g-1", "state": "failed", "created_at": "2024-12-22T13:38:40.139Z"}
    if state == "failed":
        service.serve("g-1", clip, faults=[]).task.faults.append(Raw(json.dumps(answer).encode()))
    run = await run_ids(here, "g-1")
    found = look(archive, "g-1")
    assert found.sidecar.assets == before.assets
    assert found.sidecar.manifest_row == {"tags": "cat"}
    expected = Outcome.ARCHIVED if state == "completed" else Outcome.INCOMPLETE
    assert run.results["g-1"].outcome is expected
    assert leftovers(archive) == []


async def test_a_clip_under_two_names_that_lost_one_points_one_way(service: Service, archive: Path) -> None:
    """Two that point at each other count no bytes, and no page would show either."""
    service.serve("g-1")
    options = options_for(service, archive)
    await run_ids(options, "g-1")
    size = look(archive, "g-1").record("video").size
    (archive / "generations/2024/12/g-1/video.mp4").unlink()
    asked = len(service.log.media)
    await run_ids(options, "g-1")
    found = look(archive, "g-1")
    assert (found.record("video").same_as, found.record("video_raw").same_as) == (None, AssetName.VIDEO)
    assert found.inode("video") == found.inode("video_raw")
    assert len(service.log.media) == asked
    pictures = sum(found.record(name).size or 0 for name in ("thumbnail", "last_frame"))
    with Index.open(Archive.open(archive)) as index:
        entry = index.get(parse_id("g-1"))
    assert entry
    assert entry.size == (size or 0) + pictures


async def test_rotten_bytes_do_not_stand_in_for_a_lost_file(service: Service, archive: Path) -> None:
    """The other name's bytes are vouched for by their digest, not by their record."""
    served = service.serve("g-1")
    options = options_for(service, archive)
    await run_ids(options, "g-1")
    folder = archive / "generations/2024/12/g-1"
    data = bytearray((folder / "video.mp4").read_bytes())
    data[len(data) // 2] ^= 1
    (folder / "video.mp4").unlink()
    with (folder / "video_raw.mp4").open("r+b") as file:
        file.write(data)
    run = await run_ids(options, "g-1")
    assert run.results["g-1"].outcome is Outcome.ARCHIVED
    assert (folder / "video.mp4").read_bytes() == served.video.body


async def test_urls_that_differ_in_their_query_alone_are_two_files(service: Service, archive: Path) -> None:
    """Hosts name files in the query: what one of them gave is not what the other gives."""
    clip = make_clip(Recipe(seed=8))
    served = service.serve("g-1", clip)
    service.host("/dl", clip.video)
    links = served.task.links
    names = {name: Link(f"{service.media_base}/dl?file={name}", links[name].media) for name in links}
    answer = json.dumps(build_answer("g-1", "completed", names, Shape())).encode()
    served.task.faults.extend([Raw(answer), Raw(answer)])
    options = options_for(service, archive)
    await run_ids(replace(options, assets=frozenset({AssetName.VIDEO})), "g-1")
    assert [exchange.target for exchange in service.log.media] == ["/dl?file=video"]
    await run_ids(options, "g-1")
    assert {exchange.target for exchange in service.log.media} == {f"/dl?file={name}" for name in names}


async def test_the_same_bytes_of_two_nights_are_kept_once(service: Service, archive: Path) -> None:
    """The unmarked clip comes a night later, under another URL, and is the very same."""
    clip = make_clip(Recipe(seed=7))
    served = service.serve("g-1", replace(clip, video=clip.video_raw))
    links = dict(served.task.links)
    other = "/media/elsewhere.mp4"
    service.host(other, clip.video_raw)
    links["video_raw"] = Link(service.media_base + other, clip.video_raw)
    answer = json.dumps(build_answer("g-1", "completed", links, Shape())).encode()
    served.task.faults.extend([Raw(answer), Raw(answer)])
    options = options_for(service, archive)
    await run_ids(replace(options, assets=frozenset({AssetName.VIDEO})), "g-1")
    await run_ids(options, "g-1")
    found = look(archive, "g-1")
    assert found.record("video_raw").same_as is AssetName.VIDEO
    assert found.inode("video_raw") == found.inode("video")
    assert leftovers(archive) == []


async def test_one_url_that_became_two_gives_two_files(
    service: Service, archive: Path, tmp_path: Path
) -> None:
    """A saved answer's URL has run out, and the fresh one tells the marked clip from the unmarked."""
    clip = make_clip(Recipe(watermarked=True))
    served = service.serve("g-1", clip)
    spent = Link(f"{service.media_base}/media/gone.mp4", clip.video)
    links = {**served.task.links, "video": spent, "video_raw": spent}
    manifest = tmp_path / "answers.jsonl"
    manifest.write_text(json.dumps(build_answer("g-1", "completed", links, Shape())) + "\n")
    run = await run_manifests(options_for(service, archive), [manifest])
    assert run.report.exit_code == 0
    found = look(archive, "g-1")
    assert found.bytes_of("video") == clip.video.data
    assert found.bytes_of("video_raw") == clip.video_raw.data


async def test_a_host_that_refuses_a_part_is_asked_for_the_whole(service: Service, archive: Path) -> None:
    """A whole download is always right."""
    served = service.serve("g-1", large_clip(), faults=[CutAfter(HALF), Status(412)])
    run = await run_ids(options_for(service, archive), "g-1")
    assert run.report.exit_code == 0
    assert look(archive, "g-1").bytes_of("video") == served.video.body
    ranges = [exchange.headers.get("range") for exchange in service.log.to(served.video.path)]
    assert [bool(text) for text in ranges] == [False, True, False]


@pytest.mark.parametrize("change", [{"url": "http://["}, {"status": AssetStatus.MISMATCHED}])
async def test_a_sidecar_that_was_edited_costs_its_own_generation_alone(
    service: Service, archive: Path, change: dict[str, object]
) -> None:
    """Odd URLs, a flag without a reason: the other generation is archived all the same."""
    service.serve("g-1")
    service.serve("g-2")
    options = options_for(service, archive)
    await run_ids(options, "g-1")
    found = look(archive, "g-1")
    edited = msgspec.structs.replace(found.record("video"), **change)
    assets = {**found.sidecar.assets, AssetName.VIDEO: edited}
    sidecar = msgspec.structs.replace(found.sidecar, assets=assets)
    (found.folder / "sidecar.json").write_bytes(encode_sidecar(sidecar))
    (found.folder / "last_frame.jpg").unlink()
    run = await run_ids(options, "g-1", "g-2")
    assert run.results["g-2"].outcome is Outcome.ARCHIVED
    assert look(archive, "g-1").record("last_frame").status is AssetStatus.VERIFIED


@pytest.mark.parametrize("name", ["notes.txt", "desktop.ini"])
async def test_a_strangers_file_in_partial_stays_and_harms_nobody(
    service: Service, archive: Path, name: str
) -> None:
    """Its name may look like an id: nobody is asked about it."""
    service.serve("g-1")
    (archive / ".partial").mkdir(parents=True)
    (archive / ".partial" / name).write_bytes(b"mine")
    run = await run_ids(options_for(service, archive), "g-1")
    assert run.report.exit_code == 0
    assert (archive / ".partial" / name).read_bytes() == b"mine"


async def test_an_id_may_end_like_a_temporary_file(service: Service, archive: Path) -> None:
    """Half of its clip stays where it is, and is gone on with."""
    served = service.serve("clip.tmp", large_clip(), faults=[CutAfter(HALF), *[Status(500)] * 9])
    options = options_for(service, archive)
    assert (await run_ids(options, "clip.tmp")).report.exit_code == 3
    assert ".partial/clip.tmp/video.part" in leftovers(archive)
    served.video.faults.clear()
    assert (await run_ids(options, "clip.tmp")).report.exit_code == 0
    assert look(archive, "clip.tmp").bytes_of("video") == served.video.body


async def test_a_lost_clip_stays_due_whatever_else_comes(service: Service, archive: Path) -> None:
    """Its record keeps the digest; the generation is incomplete, until the host has it again."""
    served = service.serve("g-1", make_clip(Recipe(watermarked=True)))
    options = options_for(service, archive)
    await run_ids(options, "g-1")
    digest = look(archive, "g-1").record("video").sha256
    folder = archive / "generations/2024/12/g-1"
    (folder / "video.mp4").unlink()
    (folder / "thumbnail.jpg").unlink()
    served.video.faults.append(Always(Status(404)))
    assert (await run_ids(options, "g-1")).report.exit_code == 3
    sidecar = decode_sidecar((folder / "sidecar.json").read_bytes())
    assert sidecar.verification == "incomplete"
    assert sidecar.assets[AssetName.VIDEO].sha256 == digest
    assert (await run_ids(options, "g-1")).report.exit_code == 3
    served.video.faults.clear()
    assert (await run_ids(options, "g-1")).report.exit_code == 0
    assert look(archive, "g-1").sidecar.verification == "verified"


async def test_a_picture_that_is_offered_no_more_is_not_missed_for_ever(
    service: Service, archive: Path
) -> None:
    """It could not be had once; the service's answer has none by now."""
    clip = make_clip()
    service.serve("g-1", clip).last_frame.faults.append(Always(Status(404)))
    options = options_for(service, archive)
    assert (await run_ids(options, "g-1")).report.exit_code == 3
    service.serve("g-1", clip, shape=Shape(absent=frozenset({"last_frame"})))
    assert (await run_ids(options, "g-1")).report.exit_code == 0
    assert "last_frame" not in look(archive, "g-1").sidecar.assets


async def test_a_part_stays_where_the_whole_is_refused_as_well(service: Service, archive: Path) -> None:
    """It was not the range: an expired token, an overloaded host. A later run goes on with the part."""
    served = service.serve("g-1", large_clip(), faults=[CutAfter(HALF), Always(Status(400))])
    options = options_for(service, archive)
    assert (await run_ids(options, "g-1")).report.exit_code == 3
    assert ".partial/g-1/video.part" in leftovers(archive)
    served.video.faults.clear()
    assert (await run_ids(options, "g-1")).report.exit_code == 0
    assert service.log.to(served.video.path)[-1].headers.get("range")


async def test_a_folder_that_was_copied_in_is_known_after_one_run(
    service: Service, archive: Path, tmp_path: Path
) -> None:
    """Also where the generation has failed at the service since: it is whole, and final."""
    clip = make_clip()
    service.serve("g-1", clip)
    await run_ids(options_for(service, tmp_path / "other"), "g-1")
    service.serve("g-2")
    here = options_for(service, archive)
    await run_ids(here, "g-2")
    month = "generations/2024/12"
    shutil.copytree(tmp_path / "other" / month / "g-1", archive / month / "g-1")
    answer = {"id": "g-1", "state": "failed", "created_at": "2024-12-22T13:38:40.139Z"}
    service.serve("g-1", clip).task.faults.append(Raw(json.dumps(answer).encode()))
    await run_ids(here, "g-1")
    run = await run_ids(here, "g-1")
    assert (run.results["g-1"].outcome, run.report.exit_code) == (Outcome.UNCHANGED, 0)


async def test_a_folder_that_was_copied_in_without_its_clip_stays_due(
    service: Service, archive: Path, tmp_path: Path
) -> None:
    """It is known by then, and not for whole."""
    served = service.serve("g-1", make_clip(Recipe(watermarked=True)))
    await run_ids(options_for(service, tmp_path / "other"), "g-1")
    service.serve("g-2")
    here = options_for(service, archive)
    await run_ids(here, "g-2")
    month = "generations/2024/12"
    shutil.copytree(tmp_path / "other" / month / "g-1", archive / month / "g-1")
    (archive / month / "g-1/video.mp4").unlink()
    served.video.faults.append(Always(Status(404)))
    for _ in range(2):
        assert (await run_ids(here, "g-1")).report.exit_code == 3
    served.video.faults.clear()
    assert (await run_ids(here, "g-1")).report.exit_code == 0
    assert look(archive, "g-1").bytes_of("video") == served.video.body


async def test_a_lost_file_that_came_from_a_backup_needs_no_service(service: Service, archive: Path) -> None:
    """The sidecar counts it as missing, and the service has forgotten the generation since."""
    served = service.serve("g-1", make_clip(Recipe(watermarked=True)))
    options = options_for(service, archive)
    await run_ids(options, "g-1")
    folder = archive / "generations/2024/12/g-1"
    data = (folder / "video.mp4").read_bytes()
    (folder / "video.mp4").unlink()
    (folder / "thumbnail.jpg").unlink()
    served.video.faults.append(Always(Status(404)))
    await run_ids(options, "g-1")
    (folder / "video.mp4").write_bytes(data)
    service.api_faults.append(Always(Status(404)))
    run = await run_ids(options, "g-1")
    assert (run.results["g-1"].outcome, run.report.exit_code) == (Outcome.ARCHIVED, 0)
    assert look(archive, "g-1").sidecar.verification == "verified"
