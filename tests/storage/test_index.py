"""The index says what the sidecars say, however it was lost, spoilt or left."""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from archiver.domain.errors import ArchiveError
from archiver.domain.identity import AssetName, GenerationId
from archiver.domain.sidecar import AssetStatus, Verification
from archiver.storage.archive import Archive
from archiver.storage.index import Index, IndexEntry, rebuild_index
from tests.storage.conftest import FileLimit
from tests.storage.processes import running
from tests.storage.samples import FOLDER, missing, record, sidecar

_IDS = [GenerationId(f"generation-{number}") for number in range(5)]
_ASSETS = {
    AssetName.VIDEO: record("video.mp4", b"clip"),
    AssetName.VIDEO_RAW: record("video_raw.mp4", b"clip", same_as=AssetName.VIDEO),
    AssetName.THUMBNAIL: missing(),
}


def commit(
    archive: Archive, generation_id: GenerationId, *, month: str = "2024/12", archived_at: str = "2025"
) -> IndexEntry:
    """Commit a generation and return what the index should know of it."""
    folder = f"generations/{month}/{generation_id}"
    (archive.root / folder).mkdir(parents=True, exist_ok=True)
    for name in ("video.mp4", "video_raw.mp4"):
        (archive.root / folder / name).write_bytes(b"clip")
    record = sidecar(_ASSETS, generation_id=generation_id, archived_at=archived_at)
    return IndexEntry.of(record, folder, archive.commit(folder, record, {}))


@pytest.fixture
def entries(archive: Archive) -> list[IndexEntry]:
    """Return what the index should know of five generations, which a run has archived and recorded."""
    with Index.open(archive) as index:
        committed = [commit(archive, generation_id) for generation_id in _IDS]
        for entry in committed:
            index.record(entry)
    return committed


def test_an_entry_is_its_sidecar_in_short(archive: Archive) -> None:
    """Shared bytes count once; what the answer offers is known without opening the sidecar."""
    entry = commit(archive, _IDS[0])
    assert entry.size == len(b"clip")
    assert entry.verification is Verification.INCOMPLETE
    assert entry.assets[AssetName.THUMBNAIL] is AssetStatus.MISSING
    assert entry.offered == {AssetName.VIDEO, AssetName.THUMBNAIL}


def test_an_answer_that_cannot_be_read_offers_what_is_recorded(archive: Archive) -> None:
    """An older program's sidecar, or an edited one, is indexed all the same."""
    changed = msgspec.structs.replace(sidecar(_ASSETS), response=msgspec.Raw(b'{"id": "another"}'))
    footprint = archive.commit(FOLDER, changed, {})
    assert IndexEntry.of(changed, FOLDER, footprint).offered == frozenset(_ASSETS)


def test_a_clean_index_is_believed_without_a_look_at_the_folders(
    archive: Archive, entries: list[IndexEntry]
) -> None:
    """A nightly run over a large archive begins at once."""
    shutil.rmtree(archive.root / entries[0].folder)
    with Index.open(archive) as index:
        assert index.notice is None
        assert list(index.entries()) == entries
        assert index.get(_IDS[0]) == entries[0]
        assert index.get(GenerationId("unknown")) is None


def test_an_index_in_doubt_is_held_against_the_folders(archive: Archive, entries: list[IndexEntry]) -> None:
    """A commit that failed after its sidecar was written, as a sync can: the index has not heard of it."""
    with Index.open(archive) as index:
        unheard_of = commit(archive, GenerationId("generation-9"))
        index.distrust()
    with Index.open(archive) as index:
        assert list(index.entries()) == [*entries, unheard_of]


def _delete(path: Path) -> None:
    path.unlink()


def _fill_with_rubbish(path: Path) -> None:
    path.write_bytes(b"no database" * 1000)


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _cut(path: Path) -> None:
    os.truncate(path, 5000)


def _make_other_version(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()


@pytest.mark.parametrize("spoil", [_delete, _fill_with_rubbish, _empty, _cut, _make_other_version])
@pytest.mark.parametrize("writable", [True, False])
def test_a_lost_index_is_made_again_from_the_sidecars(
    archive: Archive, entries: list[IndexEntry], *, spoil: Callable[[Path], None], writable: bool
) -> None:
    """Nothing is in the index that is not in the sidecars."""
    spoil(archive.root / "index.sqlite3")
    with Index.open(archive, writable=writable) as index:
        assert list(index.entries()) == entries
        assert index.notice
        assert "5 sidecars read" in index.notice
    if writable:
        with Index.open(archive) as index:
            assert index.notice is None
            assert list(index.entries()) == entries


def test_a_new_archive_has_nothing_to_say_of_its_index(archive: Archive) -> None:
    """The first run is no repair."""
    with Index.open(archive) as index:
        assert index.notice is None
        assert list(index.entries()) == []


@pytest.mark.parametrize("writable", [True, False])
def test_an_index_left_by_a_killed_run_is_brought_up_to_date(
    archive: Archive, entries: list[IndexEntry], *, writable: bool
) -> None:
    """What that run archived, or removed, is in the folders and perhaps not in the index."""
    _leave_open(archive)
    commit(archive, GenerationId("generation-9"))
    shutil.rmtree(archive.root / entries[1].folder)
    changed = commit(archive, _IDS[2], archived_at="2026")
    with Index.open(archive, writable=writable) as index:
        found = {entry.id: entry for entry in index.entries()}
    assert found.keys() == {*_IDS, "generation-9"} - {_IDS[1]}
    assert found[_IDS[2]] == changed
    assert found[_IDS[0]] == entries[0]


def test_only_what_changed_is_read_again(archive: Archive, entries: list[IndexEntry]) -> None:
    """After a crash a large archive must not cost minutes."""
    _leave_open(archive)
    changed = commit(archive, _IDS[2], archived_at="2026")
    assert changed.footprint != entries[2].footprint
    with Index.open(archive) as index:
        assert index.notice
        assert "1 sidecars read" in index.notice


def test_a_reader_sees_what_a_running_writer_has_not_written_yet(
    archive: Archive, entries: list[IndexEntry]
) -> None:
    """`status` beside a long run; neither waits for the other."""
    with Index.open(archive) as writer:
        writer.record(commit(archive, GenerationId("generation-9")))
        with Index.open(archive, writable=False) as reader:
            assert len(list(reader.entries())) == len(entries) + 1
        writer.record(commit(archive, GenerationId("generation-10")))


@pytest.mark.parametrize("is_clean", [True, False])
def test_a_reader_leaves_no_trace(archive: Archive, entries: list[IndexEntry], *, is_clean: bool) -> None:
    """`list` on a backup must not change it."""
    if not is_clean:
        _leave_open(archive)
        commit(archive, GenerationId("generation-9"))
    index = archive.root / "index.sqlite3"
    before = sorted(
        path.name for path in archive.root.iterdir() if not path.name.startswith("index.sqlite3-")
    )
    with Index.open(archive, writable=False) as reader:
        assert reader.get(_IDS[0]) == entries[0]
    content = index.read_bytes()
    with Index.open(archive, writable=False):
        pass
    assert index.read_bytes() == content
    assert sorted(path.name for path in archive.root.iterdir()) == before


def test_a_sidecar_that_cannot_be_used_is_named_and_left_out(
    archive: Archive, entries: list[IndexEntry]
) -> None:
    """One bad record must not keep the others from the index, nor go by in silence."""
    (archive.root / entries[3].folder / "sidecar.json").write_bytes(b"rubbish")
    found = rebuild_index(archive)
    assert (found.read, found.unusable) == (len(entries) - 1, 1)
    assert found.first_reason
    assert found.first_reason.startswith(f"{entries[3].folder}/sidecar.json")
    with Index.open(archive) as index:
        assert index.get(_IDS[3]) is None
        assert index.get(_IDS[4]) == entries[4]
        assert index.notice is None


@pytest.mark.parametrize("later_month", ["2023/01", "2025/01"])
def test_of_two_folders_with_one_generation_the_later_record_counts(
    archive: Archive, later_month: str
) -> None:
    """A generation without a date got one; which folder comes first in a scan must not matter."""
    commit(archive, _IDS[0], month="2024/12", archived_at="2025-01-01T00:00:00Z")
    later = commit(archive, _IDS[0], month=later_month, archived_at="2025-06-01T00:00:00Z")
    with Index.open(archive) as index:
        assert list(index.entries()) == [later]


def test_a_record_is_found_before_it_is_written(archive: Archive) -> None:
    """Records are written by the hundred; nobody may notice."""
    with Index.open(archive) as index:
        entry = commit(archive, _IDS[0])
        index.record(entry)
        assert index.get(_IDS[0]) == entry


def test_many_are_found_by_one_question(archive: Archive, entries: list[IndexEntry]) -> None:
    """Those that are written, those that are not yet, in their newest form; and no others."""
    with Index.open(archive) as index:
        newer = msgspec.structs.replace(entries[0], verification=Verification.MISMATCHED)
        unwritten = commit(archive, GenerationId("generation-9"))
        for entry in (newer, unwritten):
            index.record(entry)
        strangers = [GenerationId(f"stranger-{number}") for number in range(1000)]
        asked = [*strangers, entries[0].id, entries[1].id, unwritten.id]
        assert index.briefs(asked) == {entry.id: entry.brief for entry in (newer, entries[1], unwritten)}


def test_a_record_with_an_earlier_clock_still_replaces_its_own_folders(archive: Archive) -> None:
    """A clock that was set back must not freeze the index."""
    with Index.open(archive) as index:
        later = commit(archive, _IDS[0], archived_at="2025-06-01T00:00:00Z")
        index.record(later)
        assert list(index.entries()) == [later]
        earlier = commit(archive, _IDS[0], archived_at="2025-01-01T00:00:00Z")
        index.record(earlier)
        assert list(index.entries()) == [earlier]


def test_a_changed_folder_is_noticed_by_one_look(archive: Archive, entries: list[IndexEntry]) -> None:
    """A file deleted by hand is fetched again; what is as it was costs one stat."""
    with Index.open(archive) as index:
        assert all(index.is_current(entry.brief) for entry in entries)
        (archive.root / entries[0].folder / "stray.txt").write_bytes(b"")
        shutil.rmtree(archive.root / entries[1].folder)
        assert not index.is_current(entries[0].brief)
        assert not index.is_current(entries[1].brief)
        index.refresh(entries[0].id)
        refreshed = index.get(_IDS[0])
        assert refreshed
        assert index.is_current(refreshed.brief)


def test_threads_may_ask_and_record_at_once(archive: Archive, entries: list[IndexEntry]) -> None:
    """Manifests are read in threads while commits come from others."""
    trouble: list[BaseException] = []

    def work() -> None:
        try:
            for entry in entries * 100:
                index.record(entry)
                assert index.get(entry.id) == entry
        except BaseException as error:  # noqa: BLE001 - what went wrong in the thread is asserted on below
            trouble.append(error)

    with Index.open(archive) as index:
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert list(index.entries()) == entries
    assert trouble == []


def test_a_disk_too_full_for_the_index_leaves_it_marked(
    archive: Archive, entries: list[IndexEntry], file_limit: FileLimit
) -> None:
    """What could not be written is found again from the folders."""
    index = Index.open(archive)
    index.record(commit(archive, GenerationId("generation-9")))
    with file_limit(100), pytest.raises(ArchiveError):
        index.close()
    with Index.open(archive) as again:
        assert len(list(again.entries())) == len(entries) + 1


@pytest.mark.parametrize("name", ["index.sqlite3", "index.sqlite3-wal"])
def test_an_index_that_is_a_link_is_refused(archive: Archive, tmp_path: Path, name: str) -> None:
    """SQLite would write where it points."""
    (archive.root / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ArchiveError, match=f"{name} is not a regular file"):
        Index.open(archive)
    assert not (tmp_path / "elsewhere").exists()


_OPEN_AND_DIE = """
import sys
from pathlib import Path
from archiver.storage.archive import Archive
from archiver.storage.index import Index, rebuild_index

index = Index.open(Archive.open(Path(sys.argv[1])))
print("open", flush=True)
sys.stdin.readline()
"""


def _leave_open(archive: Archive) -> None:
    """Let a run open the index for writing and be killed."""
    with running(_OPEN_AND_DIE, str(archive.root)):
        pass
