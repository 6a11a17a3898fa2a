"""The demo's verdict, and its service left up."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from archiver.cli.demo import Stage
from archiver.demo.plan import plan_demo
from archiver.domain.events import GenerationFinished
from archiver.domain.outcome import GenerationResult, Outcome

PLAN = plan_demo(10)


def _stage(**changed: Outcome) -> Stage:
    """Return what saw the demo's plan end, with other outcomes for the numbers given as `n3=…`."""
    stage = Stage()
    for generation in PLAN:
        staged = Outcome.FAILED if generation.failure_reason else Outcome.ARCHIVED
        outcome = changed.get(f"n{generation.number}", staged)
        stage(GenerationFinished(GenerationResult(id=generation.id, state="completed", outcome=outcome)))
    return stage


def test_the_demo_went_as_staged_also_when_it_went_so_before() -> None:
    """The second demo finds everything unchanged, the failure included."""
    assert _stage().went_as_planned(PLAN)
    assert _stage(n0=Outcome.UNCHANGED, n9=Outcome.UNCHANGED).went_as_planned(PLAN)


@pytest.mark.parametrize("outcome", [Outcome.MISMATCHED, Outcome.INCOMPLETE, Outcome.PENDING, Outcome.ERROR])
def test_any_other_end_is_not_as_staged(outcome: Outcome) -> None:
    """The demo's exit code is a test of the installation."""
    assert not _stage(n3=outcome).went_as_planned(PLAN)
    assert not _stage(n9=Outcome.ARCHIVED).went_as_planned(PLAN)
    assert not Stage().went_as_planned(PLAN)


@pytest.mark.usefixtures("heard_signals")
def test_the_service_stays_up_until_it_is_interrupted(tmp_path: Path) -> None:
    """It prints what to type, serves, ends with 0 on Ctrl-C and leaves no clips behind."""
    command = [sys.executable, "-m", "archiver", "demo", "--serve", "--count", "1", "--port", "0"]
    clips = tmp_path / "clips"
    clips.mkdir()
    environment = {**os.environ, "TMPDIR": str(clips)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as child:  # noqa: S603 - this interpreter
        assert child.stdout
        lines = [child.stdout.readline() for _ in range(3)]
        base = re.search(r"--api-base (http://127\.0\.0\.1:\d+)", lines[2])
        assert base
        asked = urllib.request.Request(f"{base[1]}/luma/generations/{PLAN[0].id}")  # noqa: S310 - loopback
        asked.add_header("Authorization", f"Bearer {lines[1].strip().partition('=')[2]}")
        with urllib.request.urlopen(asked, timeout=30) as answer:  # noqa: S310 - loopback
            assert answer.status == 200
        child.send_signal(signal.SIGINT)
    assert child.returncode == 0
    assert list(clips.iterdir()) == []
