"""One archive for all exports: what the bundled service makes, archived as a user would."""

from __future__ import annotations

import asyncio
import fcntl
import os
from pathlib import Path

import pytest

from archiver.assembly.options import NetworkOptions, Options
from archiver.assembly.session import archive_ids
from archiver.demo.clips import make_clips
from archiver.demo.plan import plan_demo
from archiver.demo.service import DemoService
from archiver.domain.timing import PollPolicy

GENERATIONS = 5
# Read when `datasets` is imported: without it every load is counted at a hub (5.2.0, load.py).
os.environ["HF_HUB_OFFLINE"] = "1"


@pytest.fixture(scope="session")
def demo_archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an archive of real clips. Do not write to it: all of pytest's processes have the same one."""
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "demo-for-exports"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "archive").exists():
            (folder / "clips").mkdir()
            asyncio.run(_archive(folder / "clips", folder / "making"))
            (folder / "making").rename(folder / "archive")
    return folder / "archive"


async def _archive(clips_folder: Path, archive: Path) -> None:
    plan = plan_demo(GENERATIONS)
    clips = await make_clips(plan, clips_folder)
    async with DemoService(plan, clips) as service:
        network = NetworkOptions(api_base=service.api_base, api_key=service.api_key, allow_private_hosts=True)
        poll = PollPolicy(first_interval_s=0.05, longest_interval_s=0.1)
        options = Options(archive=archive, network=network, wait_s=60, poll=poll)
        await archive_ids(service.ids, options, lambda _event: None)
