"""A machine that refuses: folders, files, calls of the system. One line tells what, where and what to do."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.crash.invariants import read_sidecars
from tests.machine.program import Program
from tests.runs.running import is_archived, leftovers, look
from tests.simulator import Service, make_clip
from tests.simulator.faults import SlowBody

# Root may do everything; without these two capabilities it is kept out as anybody is.
_AS_ANYBODY = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
_READ_ONLY = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && shift && exec "$@"'


@pytest.fixture
def kept_out(program: Program) -> Program:
    """Return the program run as a user whom modes keep out."""
    if os.geteuid() != 0:
        return program
    if not shutil.which("setpriv"):
        pytest.skip("root, and no setpriv (util-linux): modes keep root out of nothing")
    return replace(program, before=_AS_ANYBODY)


@pytest.fixture
def file_in_its_place(archive: Path) -> Iterator[str]:
    """Put a file where the archive is to be; it must be the same afterwards."""
    archive.write_text("mine")
    yield str(archive)
    assert archive.read_text() == "mine"


async def test_a_file_in_the_archives_place_is_told(program: Program, file_in_its_place: str) -> None:
    """A misspelt option must not cost a file."""
    ended = await program.run("get", "g-1")
    assert ended.code == 1
    assert ended.complaints == [f"luma-archiver: {file_in_its_place} is a file: choose a folder as --archive"]


async def test_a_place_without_the_right_to_write_is_told_before_any_work(
    kept_out: Program, service: Service, archive: Path
) -> None:
    """Nothing is asked for that could not be kept."""
    with _mode(archive.parent, 0o500):
        ended = await kept_out.run("get", "g-1")
    assert ended.code == 1
    (complaint,) = ended.complaints
    assert f"cannot make {archive}: permission denied: give this user the right" in complaint
    assert len(service.log) == 0


@pytest.mark.parametrize("command", [("get", "g-1"), ("get", "g-1", "--dry-run"), ("doctor",)])
async def test_a_place_that_may_not_be_looked_into_is_told(
    kept_out: Program, archive: Path, command: tuple[str, ...]
) -> None:
    """Whether there is an archive cannot even be told: that is no fault of the program's."""
    closed = archive.parent / "closed"
    closed.mkdir(mode=0o000)
    ended = await replace(kept_out, archive=closed / "archive").run(*command)
    assert ended.code == 1
    assert "ermission denied" in ended.out + ended.err
    assert "fault of the program" not in ended.err


async def test_a_folder_that_became_unwritable_costs_nothing_that_was_fetched(
    kept_out: Program, service: Service, archive: Path
) -> None:
    """`sudo luma-archiver` once, and root owns this month's folder: with the right given back it goes on."""
    service.serve("g-1")
    service.serve("g-2")
    assert (await kept_out.run("get", "g-1")).code == 0
    with _mode(archive / "generations/2024/12", 0o500):
        ended = await kept_out.run("get", "g-2")
    assert ended.code == 1
    (complaint,) = ended.complaints
    assert "cannot make the folder generations/2024/12/g-2: permission denied" in complaint
    assert not is_archived(archive, "g-2")
    before = service.log.media.body_bytes
    assert (await kept_out.run("get", "g-1", "g-2")).code == 0
    assert service.log.media.body_bytes == before
    assert look(archive, "g-2").sidecar.verification == "verified"


async def test_a_read_only_disk_is_told_before_any_work(
    program: Program, service: Service, archive: Path
) -> None:
    """As a disk is after an error, until somebody has looked at it."""
    service.serve("g-1")
    assert (await program.run("get", "g-1")).code == 0
    user = () if os.geteuid() == 0 else ("--user", "--map-root-user")
    before = ["unshare", *user, "--mount", "sh", "-c", _READ_ONLY, "sh", str(archive)]
    ended = await replace(program, before=before).run("get", "g-2")
    if "unshare" in ended.err or "mount" in ended.err.split("luma-archiver")[0]:
        pytest.skip("no mount namespaces here: neither root nor user namespaces")
    assert ended.code == 1
    (complaint,) = ended.complaints
    assert "the file system is read-only: remount it, or choose another folder" in complaint
    assert len(service.log.api) == 1


async def test_fewer_open_files_than_downloads_slow_a_run_down(
    program: Program, service: Service, archive: Path
) -> None:
    """`ulimit -n 80` and a hundred downloads at a time: no file is lost to the limit."""
    for number in range(16):
        service.serve(
            f"g-{number}", make_clip().padded_to(100_000, seed=number), faults=[SlowBody(1_000_000)]
        )
    ids = [f"g-{number}" for number in range(16)]
    ended = await replace(program, before=_limited(80)).run("get", *ids, "--concurrency", "100")
    assert ended.code == 0
    assert "only 80 files may be open at once, so 5 of 100 downloads are: raise the limit" in ended.err
    assert service.media_in_flight.peak <= 5
    assert all(look(archive, name) for name in ids)


async def test_a_limit_that_only_waits_to_be_raised_is_raised(program: Program, service: Service) -> None:
    """On macOS a program may open 256 files, until it asks for more."""
    service.serve("g-1")
    soft = replace(program, before=["/bin/sh", "-c", 'ulimit -S -n 70; exec "$0" "$@"'])
    ended = await soft.run("get", "g-1")
    assert (ended.code, "may be open" in ended.err) == (0, False)


async def test_a_limit_under_which_nothing_works_is_told(program: Program, archive: Path) -> None:
    """Rather than whatever the first library says that comes to it."""
    ended = await replace(program, before=_limited(20)).run("get", "g-1")
    assert ended.code == 1
    assert ended.err == ("luma-archiver: only 20 files may be open at once: allow 64 at least (ulimit -n)\n")
    assert _names_in(archive) is None


async def test_a_file_system_without_locks_and_links_is_used_and_told(
    program: Program, service: Service, archive: Path
) -> None:
    """Some network shares: another lock, a copy for a link, and a line about each."""
    service.serve("g-1")
    refusals = ["-e", "inject=flock:error=ENOLCK", "-e", "inject=linkat:error=EPERM"]
    ended = await _traced(program, "trace=flock,linkat", *refusals).run("get", "g-1")
    assert ended.code == 0
    assert "this file system has no locks (flock)" in ended.err
    assert "this file system has no hard links: assets with the same bytes take their room twice" in ended.err
    found = look(archive, "g-1")
    assert found.inode("video") != found.inode("video_raw")
    assert leftovers(archive) == []
    assert _names_in(archive) == {"generations", "index.sqlite3", "runs.jsonl"}


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        ("fsync:error=EIO", "the disk reports an error: check the disk and its cable"),
        ("renameat:error=ENOSPC", "no room left on the disk: make room and run again"),
    ],
)
async def test_a_call_that_is_refused_ends_the_run_and_nothing_false_is_left(
    program: Program, service: Service, archive: Path, refusal: str, words: str
) -> None:
    """Disks tell of failed writes when they are synced, and a folder may have no room for a name."""
    service.serve("g-1")
    call = refusal.partition(":")[0]
    ended = await _traced(program, f"trace={call}", "-e", f"inject={refusal}").run("get", "g-1")
    assert ended.code == 1
    (complaint,) = ended.complaints
    assert words in complaint
    assert read_sidecars(archive) == {}
    assert (await program.run("get", "g-1")).code == 0
    assert look(archive, "g-1").sidecar.verification == "verified"


def _names_in(folder: Path) -> set[str] | None:
    return {path.name for path in folder.iterdir()} if folder.exists() else None


def _limited(files: int) -> list[str]:
    return ["/bin/sh", "-c", f'ulimit -n {files}; exec "$0" "$@"']


def _traced(program: Program, *expressions: str) -> Program:
    """Return the program under strace, which refuses calls in the kernel's stead; skip where it cannot."""
    if not shutil.which("strace"):
        pytest.skip("no strace here")
    before = ["strace", "-f", "-qq", "-b", "execve", "-o", "/dev/null", "-e", *expressions]
    return replace(program, before=before)


@contextmanager
def _mode(folder: Path, mode: int) -> Iterator[None]:
    before = folder.stat().st_mode
    folder.chmod(mode)
    try:
        yield
    finally:
        folder.chmod(before)
