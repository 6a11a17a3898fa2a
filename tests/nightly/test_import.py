"""`import`: files that somebody downloaded before are verified like our own, recorded, and not fetched."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePath

import pytest

from archiver.assembly.importing import import_folders
from archiver.assembly.options import Options
from archiver.batch.adoption.paths import asset_named, ids_in
from archiver.domain.events import Event, GenerationPlanned, Noticed
from archiver.domain.identity import AssetName, parse_id
from archiver.domain.outcome import Outcome
from archiver.domain.owed import Reason
from archiver.storage.ledger import Ledger
from archiver.storage.owed import OwedList
from tests.nightly.program import Program, is_there
from tests.runs.running import Run, is_archived, look, options_for, run_ids, with_network
from tests.simulator import Recipe, Served, Service, Shape, make_clip
from tests.simulator.answers import build_answer

_ID = "4665a07c-7641-4809-a133-10786201bb56"
_WATERMARKED = Recipe(watermarked=True)


@pytest.fixture
def downloads(tmp_path: Path) -> Path:
    """Return a folder for what somebody downloaded."""
    path = tmp_path / "downloads"
    path.mkdir()
    return path


async def _import(options: Options, *folders: Path) -> Run:
    events: list[Event] = []
    return Run(await import_folders(folders, options, events.append), events)


def _put(folder: Path, served: Served, names: Sequence[tuple[str, str]]) -> None:
    """Put a generation's files into a folder: `(asset, path)` each."""
    for asset, name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(getattr(served, asset).body)


def _names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def _save_answer(path: Path, served: Served) -> None:
    path.write_text(json.dumps(build_answer(served.task.id, "completed", served.task.links, Shape())))


_LAYOUTS = {
    "a folder an id": [
        ("video", f"{_ID}/video.mp4"),
        ("video_raw", f"{_ID}/video_raw.mp4"),
        ("thumbnail", f"{_ID}/thumbnail.jpg"),
        ("last_frame", f"{_ID}/last_frame.jpg"),
    ],
    "the id in each name": [
        ("video", f"clips/{_ID}_watermarked.mp4"),
        ("video_raw", f"clips/{_ID}_raw.mp4"),
        ("thumbnail", f"thumbs/{_ID}-thumb.bin"),
        ("last_frame", f"{_ID} last frame.jpg"),
    ],
    "the names of the URLs": [
        ("video", f"{_ID}/watermarked_video0.mp4"),
        ("video_raw", f"{_ID}/video0.mp4"),
        ("thumbnail", f"{_ID}/public"),
        ("last_frame", f"{_ID}/video_0_last_frame.jpg"),
    ],
}


@pytest.mark.parametrize("layout", _LAYOUTS)
async def test_an_id_in_the_path_is_enough(
    service: Service, archive: Path, downloads: Path, layout: str
) -> None:
    """The API is asked what the generation is; of its files nothing is fetched."""
    served = service.serve(_ID, make_clip(_WATERMARKED))
    _put(downloads, served, _LAYOUTS[layout])
    run = await _import(options_for(service, archive), downloads)
    assert run.results[_ID].outcome is Outcome.ARCHIVED
    assert (len(service.log.api), len(service.log.media)) == (1, 0)
    found = look(archive, _ID)
    assert found.sidecar.verification == "verified"
    for asset in AssetName:
        assert found.bytes_of(asset) == getattr(served, asset).body
    assert _names_in(downloads) == sorted(PurePath(name).name for _, name in _LAYOUTS[layout])


async def test_what_was_imported_is_archived_for_every_later_run(
    service: Service, archive: Path, downloads: Path
) -> None:
    """Nothing is owed, nothing is asked, nothing is fetched again; the ledger has the run."""
    served = service.serve(_ID, make_clip(_WATERMARKED))
    _put(downloads, served, _LAYOUTS["a folder an id"])
    options = options_for(service, archive)
    await _import(options, downloads)
    asked = len(service.log)
    again, later = await _import(options, downloads), await run_ids(options, _ID)
    assert [run.results[_ID].outcome for run in (again, later)] == [Outcome.UNCHANGED] * 2
    assert len(service.log) == asked
    assert [record.begin.command for record in Ledger(archive).runs()] == ["get", "import", "import"]
    assert not (archive / ".partial").exists()


async def test_a_saved_answer_beside_the_files_spares_the_question_and_the_key(
    service: Service, archive: Path, downloads: Path
) -> None:
    """The names tell nothing: the answer's URLs do, or that it is the only one in the folder."""
    served = service.serve("g-1", make_clip(_WATERMARKED))
    _save_answer(downloads / "answer.json", served)
    names = [("video", "watermarked_video0.mp4"), ("video_raw", "my raw.mp4"), ("thumbnail", "1.jpg")]
    _put(downloads, served, [*names, ("last_frame", "0.jpg")])
    run = await _import(with_network(options_for(service, archive), api_key=None), downloads)
    assert run.results["g-1"].outcome is Outcome.ARCHIVED
    assert len(service.log) == 0
    found = look(archive, "g-1")
    assert found.bytes_of("last_frame") == served.last_frame.body


async def test_one_file_serves_both_assets_of_one_url(
    service: Service, archive: Path, downloads: Path
) -> None:
    """As it does when it is fetched."""
    served = service.serve(_ID)
    _put(downloads, served, [("video", f"{_ID}.mp4"), *_LAYOUTS["a folder an id"][2:]])
    run = await _import(options_for(service, archive), downloads)
    assert run.results[_ID].outcome is Outcome.ARCHIVED
    assert look(archive, _ID).inode("video") == look(archive, _ID).inode("video_raw")


async def test_what_is_not_there_is_owed_and_the_rest_is_kept(
    service: Service, archive: Path, downloads: Path
) -> None:
    """The next `sync` fetches what is missing and nothing else."""
    served = service.serve(_ID)
    _put(downloads, served, [("video", f"{_ID}.mp4")])
    options = options_for(service, archive)
    run = await _import(options, downloads)
    assert (run.results[_ID].outcome, run.report.exit_code) == (Outcome.INCOMPLETE, 3)
    with OwedList.open(archive, writable=False) as owed:
        entry = owed.get(parse_id(_ID))
        assert entry
        assert entry.reason is Reason.INCOMPLETE
    await run_ids(options, _ID)
    assert look(archive, _ID).sidecar.verification == "verified"
    fetched = {exchange.path for exchange in service.log.media}
    assert fetched == {served.thumbnail.path, served.last_frame.path}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (lambda body: body[: len(body) // 2], "damaged"),
        (
            lambda _: make_clip(Recipe(width=96, height=96)).video.data,
            "not its video: width is 96, promised 64",
        ),
    ],
)
async def test_a_file_that_does_not_pass_is_left_out(
    service: Service, archive: Path, downloads: Path, body: object, reason: str
) -> None:
    """Cut short by somebody's browser, or another clip: it is not recorded, and the reason is told."""
    served = service.serve(_ID)
    assert callable(body)
    (downloads / f"{_ID}.mp4").write_bytes(body(served.video.body))
    run = await _import(options_for(service, archive), downloads)
    error = run.results[_ID].error
    assert run.results[_ID].outcome is Outcome.ERROR
    assert error
    assert (error.kind, reason in error.message) == ("not_imported", True)
    assert not is_archived(archive, _ID)


async def test_lost_files_are_known_by_their_digest(service: Service, archive: Path, downloads: Path) -> None:
    """A folder of the archive was emptied; a backup has the files under names that tell nothing."""
    service.serve("g-1", make_clip(_WATERMARKED))
    options = options_for(service, archive)
    await run_ids(options, "g-1")
    folder = look(archive, "g-1").folder
    for number, path in enumerate(sorted(folder.glob("*.*"))):
        if path.name != "sidecar.json":
            shutil.move(path, downloads / f"{number}.dat")
    asked = len(service.log)
    run = await _import(options, downloads)
    assert run.results["g-1"].outcome is Outcome.ARCHIVED
    assert len(service.log) == asked
    assert look(archive, "g-1").sidecar.verification == "verified"


async def test_a_second_import_takes_no_picture_for_another(
    service: Service, archive: Path, downloads: Path
) -> None:
    """What is held already could be the last frame by its looks: as many pixels, no palette."""
    served = service.serve("g-1", shape=Shape(changes={"thumbnail": {"palette": None}}))
    answer = build_answer("g-1", "completed", served.task.links, Shape())
    answer["thumbnail"]["palette"] = None
    (downloads / "answer.json").write_text(json.dumps(answer))
    _put(downloads, served, [("video", "video.mp4"), ("thumbnail", "foo.jpg")])
    options = options_for(service, archive)
    await _import(options, downloads)
    run = await _import(options, downloads)
    assert run.report.exit_code == 3
    records = look(archive, "g-1").sidecar.assets
    assert len({record.sha256 for record in records.values() if record.sha256}) == 2


async def test_another_archive_is_taken_in_without_the_api(
    service: Service, archive: Path, downloads: Path
) -> None:
    """Its sidecars hold the answers."""
    service.serve("g-1", make_clip(_WATERMARKED))
    await run_ids(options_for(service, downloads / "old"), "g-1")
    asked = len(service.log)
    run = await _import(with_network(options_for(service, archive), api_key=None), downloads)
    assert run.results["g-1"].outcome is Outcome.ARCHIVED
    assert len(service.log) == asked


async def test_what_belongs_to_nothing_is_told_and_left(service: Service, downloads: Path) -> None:
    """Holiday pictures; the archive's own files are not looked at, links are not followed."""
    clip = make_clip()
    (downloads / "beach.jpg").write_bytes(clip.thumbnail.data)
    (downloads / "notes.txt").write_text("no media")
    (downloads / f"{_ID}.mp4").symlink_to("/dev/null")
    service.serve("g-1")
    options = options_for(service, downloads / "archive")
    await run_ids(options, "g-1")
    run = await _import(options, downloads)
    assert run.results == {}
    (notice,) = (event.message for event in run.events if isinstance(event, Noticed))
    assert notice.startswith("1 media files belong to nothing that is known")
    assert run.report.exit_code == 0


async def test_an_id_that_the_service_does_not_know_is_an_error_and_not_owed(
    service: Service, archive: Path, downloads: Path
) -> None:
    """Any file may have a UUID in its name."""
    (downloads / f"{_ID}.mp4").write_bytes(make_clip().video.data)
    run = await _import(options_for(service, archive), downloads)
    assert run.results[_ID].outcome is Outcome.ERROR
    with OwedList.open(archive, writable=False) as owed:
        assert owed.get(parse_id(_ID)) is None


async def test_a_dry_run_says_what_it_would_take_and_takes_nothing(
    service: Service, archive: Path, downloads: Path
) -> None:
    """Files and bytes."""
    served = service.serve(_ID)
    _put(downloads, served, [("video", f"{_ID}.mp4")])
    run = await _import(replace(options_for(service, archive), dry_run=True), downloads)
    (planned,) = (event for event in run.events if isinstance(event, GenerationPlanned))
    assert planned.assets == {AssetName.VIDEO: len(served.video.body)}
    assert not is_there(archive)


def test_a_folder_that_is_not_there_is_a_usage_error(program: Program, tmp_path: Path) -> None:
    """Before any work."""
    ended = program("import", str(tmp_path / "absent"))
    assert (ended.exit_code, ended.out) == (2, "")
    assert "no such folder" in ended.err


@pytest.mark.parametrize(
    ("path", "first"),
    [
        (f"a/{_ID}.mp4", _ID),
        (f"a/{_ID}_thumbnail.jpg", _ID),
        (f"{_ID}/video.mp4", _ID),
        (f"luma-{_ID}.video.mp4", _ID),
        ("g-1_thumbnail.jpg", "g-1_thumbnail"),
    ],
)
def test_ids_in_a_path_come_the_likeliest_first(path: str, first: str) -> None:
    """A UUID anywhere, then names as a whole and by their beginnings."""
    found = list(ids_in(PurePath(path)))
    assert found[0] == first
    assert "g-1" in found or _ID in found


@pytest.mark.parametrize(
    ("name", "asset"),
    [
        ("x_Thumbnail.png", AssetName.THUMBNAIL),
        ("video_0_last_frame.jpg", AssetName.LAST_FRAME),
        ("LastFrame.jpg", AssetName.LAST_FRAME),
        ("video_raw.mp4", AssetName.VIDEO_RAW),
        ("watermarked_video0.mp4", AssetName.VIDEO),
        ("strawberry.mp4", None),
        ("video.mp4", None),
    ],
)
def test_a_name_may_tell_the_asset(name: str, asset: AssetName | None) -> None:
    """By words alone; what has none is told by what it is."""
    assert asset_named(PurePath(name)) is asset
