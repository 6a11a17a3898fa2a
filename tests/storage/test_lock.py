"""One run an archive: no second one gets in, and a dead one keeps nobody out."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
from pathlib import Path

import pytest
from msgspec.structs import replace

from archiver.domain.errors import ArchiveError, ArchiveLockedError
from archiver.storage.archive import Archive
from archiver.storage.holder import Holder
from archiver.storage.lock import ArchiveLock
from tests.storage.processes import running
from tests.storage.samples import MOMENT, everything_in

_HOLD = """
import sys
from pathlib import Path
from archiver.storage.holder import Holder
from archiver.storage.lock import ArchiveLock

holder = Holder.of_this_process(since="2024-12-22T13:38:40Z", command="luma-archiver sync")
with ArchiveLock.try_acquire(Path(sys.argv[1]), holder):
    print("held", flush=True)
    sys.stdin.readline()
print("released", flush=True)
sys.stdin.readline()
"""
_ME = Holder.of_this_process(since=MOMENT, command="luma-archiver batch")


def test_a_second_run_is_told_who_holds_the_archive(archive: Archive) -> None:
    """Which process to wait for, or to look into."""
    with (
        running(_HOLD, str(archive.root)) as process,
        pytest.raises(
            ArchiveLockedError, match=f"luma-archiver sync, pid {process.pid} on .*, since 2024-12-22"
        ),
    ):
        ArchiveLock.try_acquire(archive.root, _ME)


def test_a_killed_run_keeps_nobody_out(archive: Archive) -> None:
    """The nightly job after a crash must not wait for a person."""
    with running(_HOLD, str(archive.root)) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert (archive.root / ".lock").exists()
        with ArchiveLock.try_acquire(archive.root, _ME) as lock:
            assert lock.notice is None
            assert str(os.getpid()) in (archive.root / ".lock").read_text(encoding="utf-8")
    assert everything_in(archive.root) == []


async def test_what_a_killed_run_was_starting_keeps_nobody_out(archive: Archive) -> None:
    """Between its fork and its exec a process shares the lock of a run that is dead already."""
    with running("print('here', flush=True); input()") as process:
        dead = replace(_ME, pid=process.pid)
    process.wait()
    with ArchiveLock.try_acquire(archive.root, dead) as left_behind:
        waiting = asyncio.create_task(ArchiveLock.acquire(archive.root, _ME))
        await asyncio.sleep(0)
        assert not waiting.done()
        left_behind.release()
        (await waiting).release()
    assert everything_in(archive.root) == []


async def test_a_run_that_waits_gets_in_when_the_other_ends(archive: Archive) -> None:
    """`--lock-wait`: two cron jobs that overlap do their work one after the other."""
    with running(_HOLD, str(archive.root)) as process:
        waiting = asyncio.create_task(ArchiveLock.acquire(archive.root, _ME, wait_s=60))
        await asyncio.sleep(0)
        assert not waiting.done()
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
        (await waiting).release()
    assert everything_in(archive.root) == []


async def test_a_wait_that_is_over_ends_in_who_holds_the_archive(archive: Archive) -> None:
    """Exit code 11, with a name to it."""
    with ArchiveLock.try_acquire(archive.root, _ME):
        with pytest.raises(ArchiveLockedError, match="luma-archiver batch") as caught:
            await ArchiveLock.acquire(archive.root, _ME, wait_s=0.3)
        assert caught.value.exit_code == 11


def test_a_lock_on_a_removed_file_is_no_lock(archive: Archive) -> None:
    """Whoever waited for a file that its holder then removed would share the archive with the next one."""
    first, opened = ArchiveLock.try_acquire(archive.root, _ME), list[int]()

    def removed_meanwhile(descriptor: int, _: int) -> None:
        # The holder ends between this run's open and its flock: that locks a file which has no name any more.
        opened.append(descriptor)
        if len(opened) == 1:
            first.release()

    with ArchiveLock.try_acquire(archive.root, _ME, flock=removed_meanwhile):
        assert len(opened) == 2
        assert (archive.root / ".lock").exists()


def test_releasing_twice_does_not_let_two_in(archive: Archive) -> None:
    """The second release must not remove the next run's lock."""
    first = ArchiveLock.try_acquire(archive.root, _ME)
    first.release()
    with ArchiveLock.try_acquire(archive.root, _ME):
        first.release()
        with pytest.raises(ArchiveLockedError):
            ArchiveLock.try_acquire(archive.root, _ME)


def test_a_linked_lock_is_refused(archive: Archive, tmp_path: Path) -> None:
    """What it points to would be overwritten."""
    (tmp_path / "precious").write_bytes(b"mine")
    (archive.root / ".lock").symlink_to(tmp_path / "precious")
    with pytest.raises(ArchiveError, match="a symbolic link"):
        ArchiveLock.try_acquire(archive.root, _ME)
    assert (tmp_path / "precious").read_bytes() == b"mine"


def test_a_holder_that_is_not_written_yet_is_another_run(archive: Archive) -> None:
    """Between its lock and its first word a run has no name, and is there all the same."""
    with ArchiveLock.try_acquire(archive.root, _ME):
        os.truncate(archive.root / ".lock", 0)
        with pytest.raises(ArchiveLockedError, match="another run holds the archive"):
            ArchiveLock.try_acquire(archive.root, _ME)


def test_a_disk_that_fails_is_not_another_run(archive: Archive) -> None:
    """Waiting for it would be in vain."""

    def broken(_descriptor: int, _operation: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with pytest.raises(ArchiveError, match=r"cannot lock \.lock: .*check the disk"):
        ArchiveLock.try_acquire(archive.root, _ME, flock=broken)


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS])
def test_where_files_cannot_be_locked_a_file_stands_in(archive: Archive, number: int) -> None:
    """Network shares: the archive is still one run's, and a person is told how."""

    def unsupported(_descriptor: int, _operation: int) -> None:
        raise OSError(number, os.strerror(number))

    with ArchiveLock.try_acquire(archive.root, _ME, flock=unsupported) as lock:
        assert lock.notice
        assert ".lockfile" in lock.notice
        with pytest.raises(ArchiveLockedError, match="luma-archiver batch"):
            ArchiveLock.try_acquire(archive.root, _ME, flock=unsupported)
    assert everything_in(archive.root) == []
