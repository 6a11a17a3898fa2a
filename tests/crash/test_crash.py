"""A small run of the crash harness: `python -m tests.crash --kills 300` is the large one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.__main__ import kill_runs
from tests.crash.invariants import broken_at_any_moment, broken_at_the_end
from tests.crash.world import World, write_manifest
from tests.runs.running import look, options_for, run_manifests
from tests.simulator import Service

# Runs the program under strace some twenty times: `.ci/run` has the time.
pytestmark = pytest.mark.slow


async def test_wherever_a_run_is_killed_nothing_false_is_left_and_the_next_finishes(tmp_path: Path) -> None:
    """Every sidecar true, every listed file whole, nothing fetched twice, nothing left over."""
    findings = await kill_runs(8, tmp_path, seed=8)
    assert findings.broken == []
    assert findings.killed >= 8


async def test_the_harness_sees_what_is_broken(tmp_path: Path) -> None:
    """A look that never finds anything proves nothing: each thing that it looks for is done here."""
    async with Service() as service:
        world, archive = World.on(service), tmp_path / "archive"
        await run_manifests(options_for(service, archive), [write_manifest(tmp_path, world)])
        assert list(broken_at_any_moment(archive, world)) == []
        assert list(broken_at_the_end(archive, world)) == []
        _break(archive)
        lies = "\n".join(broken_at_any_moment(archive, world))
        assert "shared/video.mp4 is not what was served: 4 bytes" in lies
        assert "shared/sidecar.json lies about video.mp4" in lies
        assert "marked/sidecar.json lies about thumbnail.jpg" in lies
        flaws = "\n".join(broken_at_the_end(archive, world))
        assert "marked lists ['last_frame.jpg', 'sidecar.json', 'thumbnail.jpg', " in flaws
        assert "left over: ['.partial']" in flaws


def _break(archive: Path) -> None:
    """Cut a committed file short, remove another one, leave something over."""
    video = look(archive, "shared").folder / "video.mp4"
    video.write_bytes(video.read_bytes()[:4])
    (look(archive, "marked").folder / "thumbnail.jpg").unlink()
    (archive / ".partial").mkdir()
