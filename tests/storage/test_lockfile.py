"""The lock for file systems without flock(2)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from archiver.domain.errors import ArchiveLockedError, DiskFullError
from archiver.runtime.boot import boot_id
from archiver.storage.folder import Folder
from archiver.storage.holder import Holder, read_holder
from archiver.storage.lockfile import LOCK_FILE, create_lock_file, remove_lock_file
from tests.storage.conftest import FileLimit
from tests.storage.processes import running
from tests.storage.samples import MOMENT

_ME = Holder.of_this_process(since=MOMENT, command="luma-archiver batch")


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Folder]:
    """Return an open archive's root."""
    with Folder.open_root(tmp_path) as folder:
        yield folder


def _dead() -> Holder:
    """Return a holder whose process has ended."""
    with running("print('alive', flush=True); input()") as process:
        pass
    return msgspec.structs.replace(_ME, pid=process.pid)


def test_a_dead_run_of_this_machine_is_taken_over(root: Folder) -> None:
    """Killed, it could not remove its file."""
    create_lock_file(root, _dead())
    create_lock_file(root, _ME)
    remove_lock_file(root, _ME)
    assert root.names() == []


def test_a_run_of_an_earlier_boot_is_dead_whatever_has_its_number_now(root: Folder) -> None:
    """Process numbers begin anew with the machine."""
    if boot_id() is None:
        pytest.skip("this system does not name its boots")
    create_lock_file(root, msgspec.structs.replace(_ME, boot="another"))
    create_lock_file(root, _ME)
    assert read_holder(root, LOCK_FILE) == _ME


@pytest.mark.parametrize(
    "other", [{"host": "elsewhere", "pid": 2**22 + 1}, {"pid": 1}, {"pid": -1}, {"pid": 2**80}]
)
def test_whoever_may_be_alive_is_left_alone(root: Folder, other: dict[str, object]) -> None:
    """Of another machine's processes, and of what is no process number, nothing is known."""
    create_lock_file(root, msgspec.structs.replace(_ME, **other))
    with pytest.raises(ArchiveLockedError, match="if that run is surely dead, remove"):
        create_lock_file(root, _ME)


def test_a_file_without_a_holder_is_left_alone(root: Folder, tmp_path: Path) -> None:
    """Its run may be about to write its name."""
    (tmp_path / LOCK_FILE).write_bytes(b"")
    with pytest.raises(ArchiveLockedError, match="another run holds"):
        create_lock_file(root, _ME)


def test_another_runs_file_is_put_back(root: Folder) -> None:
    """A run that was taken over, wrongly or not, must not remove its successor's."""
    create_lock_file(root, _ME)
    remove_lock_file(root, msgspec.structs.replace(_ME, since="2024-01-01T00:00:00Z"))
    assert root.names() == [LOCK_FILE]
    with pytest.raises(ArchiveLockedError):
        create_lock_file(root, _ME)


def test_a_disk_without_room_for_the_lock_leaves_none(root: Folder, file_limit: FileLimit) -> None:
    """An empty lock would keep every later run out."""
    with file_limit(5), pytest.raises(DiskFullError):
        create_lock_file(root, _ME)
    assert root.names() == []


def test_a_hostile_holder_reaches_no_terminal_raw(root: Folder) -> None:
    """The file may be anybody's."""
    create_lock_file(root, msgspec.structs.replace(_ME, host="elsewhere", command="\x1b[2J"))
    with pytest.raises(ArchiveLockedError) as caught:
        create_lock_file(root, _ME)
    assert caught.value.message.isprintable()
