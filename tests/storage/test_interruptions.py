"""However a transfer ends, what arrived is kept, and what is on disk can be gone on with."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest

from archiver.domain.errors import ArchiveError, BrokenError, DiskFullError
from archiver.domain.transfer import Held
from archiver.storage.archive import Archive
from tests.storage.conftest import FileLimit
from tests.storage.downloads import BODY, SOURCE, break_off, clip, journal, part, receive
from tests.storage.processes import running
from tests.storage.samples import URL, VALIDATOR, digest

_BLOCK = 1_048_576
_WRITE_AND_WAIT = """
import asyncio, sys
from pathlib import Path
from archiver.storage.archive import Archive
from tests.storage.downloads import SOURCE, clip

async def main():
    async with clip(Archive.open(Path(sys.argv[1]))).appending(at=0, source=SOURCE) as writer:
        await writer.write(b"a" * 3_000_000)
        print("written", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_a_cancelled_transfer_keeps_its_bytes(archive: Archive) -> None:
    """Ctrl-C in a nightly run must not cost what the night has fetched."""
    partial, has_written = clip(archive), asyncio.Event()

    async def transfer() -> None:
        async with partial.appending(at=0, source=SOURCE) as writer:
            await writer.write(BODY[:1_200_000])
            await writer.write(b"rest")
            has_written.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(transfer())
    await has_written.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert part(archive).read_bytes() == BODY[:1_200_000] + b"rest"
    assert partial.length == journal(archive).durable == 1_200_004


async def test_a_cancellation_amid_a_write_waits_for_the_thread(archive: Archive) -> None:
    """A file closed under a thread that still writes would end anywhere."""
    # So much that no thread is done with it before the cancellation comes.
    much = BODY * 20
    partial, is_writing = clip(archive), asyncio.Event()

    async def transfer() -> None:
        async with partial.appending(at=0, source=SOURCE) as writer:
            is_writing.set()
            await writer.write(much)

    task = asyncio.create_task(transfer())
    await is_writing.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert part(archive).read_bytes() == much
    assert partial.length == journal(archive).durable == len(much)


def test_a_killed_process_loses_nothing_that_it_had_written(archive: Archive) -> None:
    """SIGKILL leaves no time to sync; the bytes are the system's by then."""
    with running(_WRITE_AND_WAIT, str(archive.root)) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert journal(archive).durable == 0
    held = asyncio.run(clip(archive).recall(URL))
    expected = Held(length=3_000_000, validator=VALIDATOR, total=len(BODY))
    # Where the system does not name its boots, what was not synced cannot be told from what a power cut left.
    assert held == (expected if journal(archive).boot else None)


async def test_a_full_disk_amid_a_body_keeps_what_found_room(archive: Archive, file_limit: FileLimit) -> None:
    """The user makes room, and the next run goes on."""
    partial = clip(archive)
    with file_limit(1_500_000), pytest.raises(DiskFullError, match=r"video\.part"):
        await receive(partial, BODY)
    held = await partial.recall(URL)
    assert held
    assert held.length == 1_500_000
    assert part(archive).read_bytes() == BODY[:1_500_000]
    await receive(partial, BODY[1_500_000:], at=1_500_000)
    assert (await partial.seal()).sha256 == digest(BODY)


async def test_a_disk_too_full_for_the_journal_keeps_what_was_held(
    archive: Archive, file_limit: FileLimit
) -> None:
    """The old journal stays true: it is replaced whole or not at all."""
    await break_off(archive, BODY[:2_000_000])
    before = journal(archive)
    partial = clip(archive)
    with file_limit(20), pytest.raises(DiskFullError):
        await receive(partial, b"more", at=2_000_000)
    assert journal(archive) == before
    held = await partial.recall(URL)
    assert held
    assert held.length == 2_000_000


async def test_what_ended_the_transfer_is_what_is_raised(archive: Archive, file_limit: FileLimit) -> None:
    """That keeping its bytes failed as well would hide the reason, and how to treat it."""
    with file_limit(1000), pytest.raises(BrokenError, match="cut"):
        await receive(clip(archive), b"m" * 5000, error=BrokenError("cut"))
    assert part(archive).read_bytes() == b"m" * 1000


async def test_a_link_planted_among_the_partials_is_refused(archive: Archive, tmp_path: Path) -> None:
    """Else a download would be written wherever the link points."""
    (tmp_path / "outside").mkdir()
    part(archive).parent.parent.mkdir()
    part(archive).parent.symlink_to(tmp_path / "outside")
    with pytest.raises(ArchiveError, match="a symbolic link"):
        await receive(clip(archive), b"x")
    with pytest.raises(ArchiveError, match="a symbolic link"):
        await clip(archive).discard()
    assert list((tmp_path / "outside").iterdir()) == []


def test_no_descriptor_is_left_open(archive: Archive) -> None:
    """Neither after success, nor after failure, nor after a cancellation at any moment."""
    before = _open_descriptors()
    asyncio.run(_use_up(archive))
    assert _open_descriptors() == before


async def _use_up(archive: Archive) -> None:
    for turns in range(20):
        await break_off(archive, b"x" * 1000)
        with pytest.raises(ArchiveError):
            await receive(clip(archive), b"x", at=5000)
        task = asyncio.create_task(receive(clip(archive), BODY[:_BLOCK], at=1000))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _open_descriptors() -> int:
    return len(list(Path("/dev/fd").iterdir()))
