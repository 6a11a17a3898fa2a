"""The README's session and its Python example, run against the demo's service with small clips."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from archiver.demo.clips import ClipOptions, make_clips
from archiver.demo.plan import plan_demo
from archiver.demo.service import DemoService
from tests.readme.reading import PROJECT, README, block, comparable, session


@pytest.fixture
async def demo(tmp_path: Path) -> AsyncIterator[DemoService]:
    """Serve the demo's generations, with clips that are small and made quickly."""
    folder = tmp_path / "clips-of-the-service"
    folder.mkdir()
    plan = plan_demo(10)
    clips = await make_clips(plan, folder, options=ClipOptions(width=64, height=48, frames=12))
    async with DemoService(plan, clips) as service:
        yield service


def _environment(demo: DemoService) -> dict[str, str]:
    return os.environ | {
        "LUMA_API_KEY": demo.api_key.secret,
        "LUMA_ARCHIVER_API_BASE": demo.api_base,
        "LUMA_ARCHIVER_ALLOW_PRIVATE_HOSTS": "1",
    }


async def _run(words: list[str], folder: Path, environment: dict[str, str]) -> str:
    program = await asyncio.create_subprocess_exec(
        *words,
        cwd=folder,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await program.communicate()
    return output.decode()


async def test_the_session_prints_what_the_readme_says(demo: DemoService, tmp_path: Path) -> None:
    """A reader who types what is there sees what is there, sizes and times aside."""
    (tmp_path / "sample_manifests").symlink_to(PROJECT / "sample_manifests")
    for step in session():
        _, *words = shlex.split(step.command)
        output = await _run([sys.executable, "-m", "archiver", *words], tmp_path, _environment(demo))
        assert comparable(output.splitlines()) == step.lines, step.command


async def test_the_python_example_archives(demo: DemoService, tmp_path: Path) -> None:
    """What the command can, a program can, in the lines that are shown."""
    example = block("python").replace(
        "NetworkOptions(", f'NetworkOptions(api_base="{demo.api_base}", allow_private_hosts=True, '
    )
    (shown_id,) = {word for word in example.split('"') if word.startswith("4665a07c")}
    program = example.replace(shown_id, demo.ids[0])
    output = await _run([sys.executable, "-c", program], tmp_path, _environment(demo))
    assert output.split() == [demo.ids[0], "archived", f"generations/2024/06/{demo.ids[0]}"]
    assert (tmp_path / "clips/generations/2024/06" / demo.ids[0] / "video.mp4").exists()


def test_every_name_the_readme_gives_exists() -> None:
    """A file that the README points at is there."""
    named = set(re.findall(r"`((?:docs|tests)/[\w./]+|sample_manifests|CONTRIBUTING\.md)/?`", README))
    assert {"docs/architecture.md", "docs/formats.md", "sample_manifests"} <= named
    assert [name for name in named if not (PROJECT / name).exists()] == []
