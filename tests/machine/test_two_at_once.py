"""An archive has one writer: two real processes, and a third whose holder is dead."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.machine.program import Program, Running, until
from tests.runs.running import look
from tests.simulator import Service, make_clip
from tests.simulator.faults import StallAfter

_SIZE, _SENT = 3_000_000, 2_000_000


@pytest.fixture
async def holder(program: Program, service: Service) -> AsyncIterator[Running]:
    """Return a run that holds the archive: its download has stalled."""
    served = service.serve("g-1", make_clip().padded_to(_SIZE), faults=[StallAfter(_SENT)])
    service.serve("g-2")
    async with program.started("get", "g-1", "--stall-timeout", "1h") as running:
        await until(lambda: service.log.to(served.video.path).body_bytes >= _SENT)
        yield running


async def test_a_second_run_leaves_and_tells_who_holds_the_archive(
    program: Program, service: Service, holder: Running
) -> None:
    """Exit code 11 for a script; for a person who it is, since when, and what to do."""
    ended = await program.run("get", "g-2")
    assert ended.code == 11
    (complaint,) = ended.complaints
    assert f"another run (luma-archiver get, pid {holder.process.pid} on " in complaint
    assert ", since 20" in complaint
    assert complaint.endswith("holds the archive: wait for it to end, or give --lock-wait")
    assert len(service.log.api) == 1


async def test_a_second_run_that_may_wait_goes_on_as_soon_as_the_first_is_killed(
    program: Program, archive: Path, holder: Running
) -> None:
    """SIGKILL: the system takes the lock back, whatever the first run left in its file."""
    before = _changed_ns(archive)
    async with program.started("get", "g-1", "g-2", "--lock-wait", "1h") as second:
        await until(lambda: _changed_ns(archive) != before)
        assert (await holder.end(signal.SIGKILL)).code == -signal.SIGKILL
        assert (await second.end()).code == 0
    assert look(archive, "g-1").sidecar.verification == "verified"
    assert look(archive, "g-2").sidecar.verification == "verified"


async def test_a_killed_run_is_in_nobodys_way(program: Program, archive: Path, holder: Running) -> None:
    """The next morning there is nothing to remove by hand."""
    await holder.end(signal.SIGKILL)
    assert (await program.run("get", "g-1")).code == 0
    assert not _is_there(archive / ".lock")


def _changed_ns(folder: Path) -> int:
    return folder.stat().st_mtime_ns


def _is_there(path: Path) -> bool:
    return path.exists()
