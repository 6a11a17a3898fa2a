"""`reindex`: the index made anew; and what a run does with one that cannot be used."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from archiver.domain.outcome import Outcome
from archiver.storage.archive import Archive
from archiver.storage.index import Index
from tests.nightly.made import index, keep
from tests.nightly.nights import Nights, notices
from tests.nightly.program import Program
from tests.runs.running import look
from tests.storage.processes import running


def _change(archive: Path, *statements: str) -> None:
    with closing(sqlite3.connect(archive / "index.sqlite3")) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def test_what_was_edited_in_place_is_read_again(program: Program, archive: Path) -> None:
    """No folder's date says that a sidecar was restored from a backup."""
    folder = keep(archive, "g-1")
    index(archive)
    sidecar = folder / "sidecar.json"
    sidecar.write_bytes(sidecar.read_bytes().replace(b"cat dance", b"dog dance"))
    ended = program("reindex")
    assert (ended.out, ended.err, ended.exit_code) == ("index made anew: 1 sidecars read\n", "", 0)
    with Index.open(Archive.open(archive)) as found:
        assert [entry.prompt for entry in found.entries()] == ["dog dance"]


def test_a_sidecar_that_cannot_be_read_is_named(program: Program, archive: Path) -> None:
    """It is not in the index then, and a person has to look."""
    keep(archive, "g-1")
    (keep(archive, "g-2") / "sidecar.json").write_bytes(b"{")
    ended = program("reindex")
    assert ended.exit_code == 3
    assert "1 sidecar cannot be used, the first: generations/2024/12/g-2/sidecar.json" in ended.err
    assert program("reindex", "--json").lines == [
        {"event": "summary", "generations": 1, "unusable": 1, "exit_code": 3}
    ]


def test_a_reindex_waits_for_no_other_run(program: Program, archive: Path) -> None:
    """Exit code 11, and the index stays as it is."""
    keep(archive, "g-1")
    script = (
        "import sys; from pathlib import Path\n"
        "from archiver.storage.holder import Holder; from archiver.storage.lock import ArchiveLock\n"
        "holder = Holder.of_this_process(since='now', command='another')\n"
        "with ArchiveLock.try_acquire(Path(sys.argv[1]), holder):\n"
        "    print('held', flush=True); sys.stdin.read()\n"
    )
    with running(script, str(archive)):
        ended = program("reindex")
    assert ended.exit_code == 11
    assert "another run" in ended.err
    assert not (archive / "index.sqlite3").exists()


async def test_the_first_version_is_converted_and_knows_what_it_knew(nights: Nights) -> None:
    """An archive of a hundred thousand generations is not read again for a new column."""
    nights.service.serve("g-1")
    await nights.get("g-1")
    _change(
        nights.archive,
        "DROP INDEX by_standing",
        "ALTER TABLE generations DROP COLUMN failure_reason",
        "ALTER TABLE generations DROP COLUMN row_digest",
        "PRAGMA user_version = 1",
    )
    (nights.archive / "generations/2024/12/g-1/sidecar.json").write_bytes(b"unread")
    for writable in (False, True):
        with Index.open(Archive.open(nights.archive), writable=writable) as found:
            assert [entry.id for entry in found.entries()] == ["g-1"]
            assert list(found.incomplete()) == []
            assert found.notice is None


async def test_the_second_version_learns_why_generations_failed(nights: Nights) -> None:
    """Their sidecars are read again for it, and no others."""
    nights.service.serve("g-1")
    await nights.get("g-1")
    keep(nights.archive, "g-2", state="failed", failure_reason="moderated")
    index(nights.archive)
    _change(
        nights.archive,
        "ALTER TABLE generations DROP COLUMN failure_reason",
        "ALTER TABLE generations DROP COLUMN row_digest",
        "PRAGMA user_version = 2",
    )
    (nights.archive / "generations/2024/12/g-1/sidecar.json").write_bytes(b"unread")
    for writable in (False, True):
        with Index.open(Archive.open(nights.archive), writable=writable) as found:
            assert {entry.id: entry.failure_reason for entry in found.entries()} == {
                "g-1": None,
                "g-2": "moderated",
            }


@pytest.mark.parametrize("version", [0, 99])
async def test_a_version_without_a_way_to_ours_is_made_anew_saying_so(nights: Nights, version: int) -> None:
    """A later program's, or one whose making was cut short."""
    nights.service.serve("g-1")
    await nights.get("g-1")
    _change(nights.archive, f"PRAGMA user_version = {version}")
    run = await nights.sync()
    assert notices(run) == ["index.sqlite3 was of another version: made anew, 1 sidecars read"]
    assert run.report.exit_code == 0
    assert notices(await nights.sync()) == []


async def test_an_index_that_rotted_is_made_anew(nights: Nights) -> None:
    """Closed as it should be, and spoilt since: found when it is opened, not in the middle of the night."""
    for number in range(200):
        keep(nights.archive, f"g-{number:03}", prompt="x" * 200)
    index(nights.archive)
    path = nights.archive / "index.sqlite3"
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2 // 4096 * 4096)
        file.write(b"\xa5" * 8192)
    run = await nights.sync()
    assert run.report.exit_code == 0
    assert notices(run) == ["index.sqlite3 was damaged: made anew, 200 sidecars read"]


async def test_a_conversion_that_was_cut_short_is_begun_again(nights: Nights) -> None:
    """It is done whole or not at all."""
    nights.service.serve("g-1")
    await nights.get("g-1")
    _change(nights.archive, "PRAGMA user_version = 1")
    run = await nights.sync()
    assert run.report.exit_code == 1
    assert run.report.error


@pytest.mark.parametrize("spoil", [Path.unlink, lambda path: path.write_bytes(b"rubbish" * 1000)])
async def test_what_was_deleted_by_hand_is_missed_without_the_index_as_well(
    nights: Nights, spoil: Callable[[Path], object]
) -> None:
    """An index is a cache: that it is lost changes no answer."""
    nights.service.serve("g-1")
    await nights.get("g-1")
    for name in ("video.mp4", "video_raw.mp4"):
        (nights.archive / "generations/2024/12/g-1" / name).unlink()
    spoil(nights.archive / "index.sqlite3")
    run = await nights.sync()
    assert (run.results["g-1"].outcome, run.report.exit_code) == (Outcome.ARCHIVED, 0)
    assert look(nights.archive, "g-1").sidecar.verification == "verified"
    assert (await nights.sync()).results == {}
