"""A disk without room, at whichever write: told in one line, nothing false is left, room is all it takes."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from archiver.domain.transfer import OVERLAP_UNDER_VALIDATOR_BYTES
from tests.crash.invariants import broken_at_any_moment, broken_at_the_end
from tests.crash.world import World, write_manifest
from tests.machine.program import Program
from tests.machine.small_disk import SmallDisk, small_disk
from tests.runs.running import is_archived, look
from tests.simulator import Service, make_clip

_KB, _MB = 1_000, 1_000_000
_SIZE = 3 * _MB


def _held(archive: Path) -> int:
    return (archive / ".partial/g-1/video.part").stat().st_size


def _on(disk: SmallDisk, program: Program) -> Program:
    return replace(program, before=disk.before)


async def test_a_disk_that_fills_up_during_a_download_is_told_and_the_download_resumes(
    program: Program, service: Service, archive: Path
) -> None:
    """One line that says what to do, exit code 1; with room again the next run asks for the rest alone."""
    served = service.serve("g-1", make_clip().padded_to(_SIZE))
    async with small_disk(archive, size=8 * _MB) as disk:
        disk.fill(leave=2 * _MB)
        ended = await _on(disk, program).run("get", "g-1")
        assert ended.code == 1
        (complaint,) = ended.complaints
        assert "no room left on the disk: make room and run again; what was fetched is kept" in complaint
        assert not is_archived(disk.seen, "g-1")
        held = _held(disk.seen)
        assert held > _MB
        disk.empty()
        assert (await _on(disk, program).run("get", "g-1")).code == 0
        again = service.log.to(served.video.path)[-1]
        assert again.body_bytes == _SIZE - held + OVERLAP_UNDER_VALIDATOR_BYTES
        assert look(disk.seen, "g-1").sidecar.verification == "verified"


@pytest.mark.slow
@pytest.mark.parametrize("leave", [0, 60 * _KB, 120 * _KB])
async def test_wherever_the_room_ends_nothing_false_is_left(
    program: Program, service: Service, archive: Path, tmp_path: Path, leave: int
) -> None:
    """The index, a journal, a body, a sidecar: each room is used up by another of them."""
    world = World.on(service)
    manifest = write_manifest(tmp_path, world)
    async with small_disk(archive, size=16 * _MB) as disk:
        disk.fill(leave=leave)
        full = await _on(disk, program).run("batch", str(manifest))
        assert (full.code, len(full.complaints)) == (1, 1)
        assert "no room left on the disk" in full.complaints[0]
        assert list(broken_at_any_moment(disk.seen, world)) == []
        disk.empty()
        await _on(disk, program).run("batch", str(manifest))
        # SQLite would follow the path out of the namespace.
        copy = shutil.copytree(disk.seen, tmp_path / "copy")
    assert list(broken_at_any_moment(copy, world)) == []
    assert list(broken_at_the_end(copy, world)) == []


async def test_a_limit_on_the_size_of_files_is_told_and_the_download_resumes(
    program: Program, service: Service, archive: Path
) -> None:
    """`ulimit -f`, as some machines set it for everybody."""
    served = service.serve("g-1", make_clip().padded_to(_SIZE))
    # The unit is 512 bytes (POSIX, `ulimit`); bash has 1024 unless it is called sh.
    limited = replace(program, before=["/bin/sh", "-c", 'ulimit -f 2000; exec "$0" "$@"'])
    ended = await limited.run("get", "g-1")
    assert ended.code == 1
    (complaint,) = ended.complaints
    assert "larger than the file system, or a limit (ulimit -f), allows" in complaint
    assert not is_archived(archive, "g-1")
    held = _held(archive)
    assert held == 1_024_000
    assert (await program.run("get", "g-1")).code == 0
    again = service.log.to(served.video.path)[-1]
    assert again.body_bytes == _SIZE - held + OVERLAP_UNDER_VALIDATOR_BYTES
    assert look(archive, "g-1").sidecar.verification == "verified"
