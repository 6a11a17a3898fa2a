"""A run is killed midway; the next one finishes, and fetches no more than it must."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import sys
from pathlib import Path

import pytest

from archiver.transport.options import HttpEngine
from tests.interop.meter import metered
from tests.interop.servers import SERVERS, Server, running
from tests.runs.running import look
from tests.simulator import Media, Shape, make_clip
from tests.simulator.answers import Link, build_answer

# Starts five servers, twice each, and kills downloads of 24 MB: `.ci/run` has the time.
pytestmark = pytest.mark.slow

_SIZE = 24_000_000
_PASSED = 9_000_000
# Of what passed, all whole mebibytes reach the disk; the rest dies with the client.
_HELD = 8 << 20
# The answer's head and the overlap that is compared on resuming.
_SURPLUS = 80_000


@pytest.fixture(scope="module")
def video() -> Media:
    """Return a clip of some size."""
    return make_clip().padded_to(_SIZE).video


def _manifest(folder: Path, video: Media, port: int) -> Path:
    """Write a saved answer whose video is on the server: no API is needed."""
    links = {name: Link(f"http://127.0.0.1:{port}/video.mp4", video) for name in ("video", "video_raw")}
    path = folder / "answers.jsonl"
    path.write_text(json.dumps(build_answer("g-1", "completed", links, Shape())) + "\n")
    return path


async def _start(manifest: Path, archive: Path, engine: HttpEngine) -> asyncio.subprocess.Process:
    options = ("--archive", str(archive), "--allow-private-hosts", "--http-engine", engine, "--json")
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "archiver", "batch", str(manifest), *options),
        env={**os.environ, "LUMA_ARCHIVER_STALL_TIMEOUT": "20"},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )


async def _kill_midway(program: asyncio.subprocess.Process, part: Path) -> None:
    """Kill the client when its part of the file is on the disk; the wire is held back meanwhile."""
    async with asyncio.timeout(30):
        while not _holds(part, _HELD):
            assert program.returncode is None
            await asyncio.sleep(0.02)
    program.kill()
    await program.communicate()


def _holds(part: Path, size: int) -> bool:
    return part.exists() and part.stat().st_size >= size


@pytest.mark.parametrize("server", SERVERS, ids=lambda server: server.name)
async def test_a_killed_download_goes_on_where_it_was(
    server: Server, engine: HttpEngine, video: Media, tmp_path: Path
) -> None:
    """Whatever the server's validators and ranges look like: the file is whole, what is held is kept."""
    if not server.is_here:
        pytest.skip(f"{server.program} is not installed")
    root, work, archive = tmp_path / "root", tmp_path / "work", tmp_path / "archive"
    root.mkdir()
    work.mkdir()
    (root / "video.mp4").write_bytes(video.data)
    async with running(server, root, work) as port, metered(port) as meter:
        manifest = _manifest(tmp_path, video, meter.port)
        meter.limit = _PASSED
        await _kill_midway(await _start(manifest, archive, engine), archive / ".partial/g-1/video.part")
        meter.passed, meter.limit = 0, None
        again = await _start(manifest, archive, engine)
        _, complaints = await again.communicate()
        assert again.returncode == 0, complaints
        assert look(archive, "g-1").record("video").sha256 == hashlib.sha256(video.data).hexdigest()
        if server.has_ranges:
            assert meter.passed <= _SIZE - _HELD + _SURPLUS
        else:
            assert _SIZE <= meter.passed <= _SIZE + _SURPLUS
