"""What sidecars say is what other people's programs say of the same files."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.runs.running import look, options_for, run_ids
from tests.simulator import Recipe, Service, make_clip

_RECIPES = [
    Recipe(),
    Recipe(width=128, height=72, frames=49, rate=24, faststart=True, watermarked=True),
    Recipe(width=96, height=96, frames=31, rate=30, picture="PNG"),
    Recipe(frames=10, rate=8, picture="WEBP"),
]


@pytest.fixture
async def archived(service: Service, archive: Path) -> list[str]:
    """Archive clips of several makes; return their ids."""
    ids = [f"g-{number}" for number in range(len(_RECIPES))]
    for generation_id, recipe in zip(ids, _RECIPES, strict=True):
        service.serve(generation_id, make_clip(recipe))
    run = await run_ids(options_for(service, archive), *ids)
    assert run.report.exit_code == 0
    return ids


def _output(*command: str | Path) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603 - names from here


@pytest.mark.skipif(not shutil.which("ffprobe"), reason="ffprobe is not installed")
def test_ffprobe_measures_what_the_sidecar_says(archive: Path, archived: list[str]) -> None:
    """Two programs that agree on width, height, duration, frames and rate are hardly both wrong."""
    for generation_id in archived:
        found = look(archive, generation_id)
        for name in ("video", "video_raw"):
            record = found.record(name)
            assert record.path
            assert record.measured
            shown = "stream=width,height,duration,r_frame_rate,nb_read_packets,codec_name"
            options = ("-v", "error", "-select_streams", "v:0", "-count_packets", "-of", "json")
            said = json.loads(
                _output("ffprobe", *options, "-show_entries", shown, found.folder / record.path)
            )
            (stream,) = said["streams"]
            assert (stream["width"], stream["height"]) == (record.measured.width, record.measured.height)
            assert float(stream["duration"]) == pytest.approx(record.measured.duration, abs=1e-5)
            assert int(stream["nb_read_packets"]) == record.measured.frames
            assert stream["r_frame_rate"] == record.measured.frame_rate
            assert stream["codec_name"] == record.measured.codec


@pytest.mark.skipif(not shutil.which("sha256sum"), reason="sha256sum is not installed")
def test_sha256sum_digests_what_the_sidecar_says(archive: Path, archived: list[str]) -> None:
    """The digest is worth something because anybody can take it again."""
    for generation_id in archived:
        found = look(archive, generation_id)
        for record in found.sidecar.assets.values():
            assert record.path
            digest, _, _ = _output("sha256sum", found.folder / record.path).partition(" ")
            assert digest == record.sha256
