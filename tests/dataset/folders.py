"""What the tests of folders share: an archive with hard prompts, and a newcomer's way to load."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from archiver.domain.outcome import RunReport
from archiver.domain.sidecar import decode_sidecar
from tests.runs.running import options_for, run_manifests
from tests.simulator import Recipe, Service, Shape, make_clip

HARD_PROMPTS = (
    "a cat, \"dancing\"\n\twith 'quotes', a \\ and\r\ntwo lines",
    "😀 שלום \u202eRTL\u202c \u2028 \u2029 \u0085 e\u0301 \ufeff",
    "2024-12-22",
    "",
    "  null  ",
    "</td> | ``` --- {prompt} %s \x1b[31m",
)
"""Line ends of all kinds, direction marks, a combining accent, a date, nothing, spaces, others' markup."""


def make_archive(
    root: Path, prompts: Mapping[str, str | None], rows: Mapping[str, Mapping[str, Any]] | None = None
) -> Path:
    """Archive a clip with each of these prompts, by a manifest with these rows; return the archive."""
    manifest = root / "manifest.jsonl"
    lines = (json.dumps({"id": name, **(rows or {}).get(name, {})}) for name in prompts)
    manifest.write_text("\n".join(lines) + "\n")
    report = asyncio.run(_run(root / "archive", manifest, prompts))
    assert report.exit_code == 0
    return root / "archive"


async def _run(archive: Path, manifest: Path, prompts: Mapping[str, str | None]) -> RunReport:
    async with Service() as service:
        for seed, (name, prompt) in enumerate(prompts.items()):
            service.serve(name, make_clip(Recipe(seed=seed, frames=8)), shape=Shape(prompt=prompt))
        return (await run_manifests(options_for(service, archive), [manifest])).report


def archived(archive: Path, asset: str) -> dict[str, bytes]:
    """Return an asset's bytes of every generation, by id."""
    return {sidecar.parent.name: _read(sidecar, asset) for sidecar in sidecars(archive)}


def sidecars(archive: Path) -> Iterator[Path]:
    """Give the paths of all sidecars."""
    return archive.glob("generations/*/*/*/sidecar.json")


def _read(sidecar: Path, asset: str) -> bytes:
    records = {str(name): record for name, record in decode_sidecar(sidecar.read_bytes()).assets.items()}
    return (sidecar.parent / str(records[asset].path)).read_bytes()


def load(folder: Path, cache: Path, column: str, *, builder: str | None = None) -> dict[str, list[Any]]:
    """Load a folder as a newcomer does, or by a builder's name; return the rows of each split.

    The media come as `{"path": …, "bytes": …}`: to decode a video takes torchcodec.
    """
    import datasets  # noqa: PLC0415 - takes two seconds to import

    feature = {"video": datasets.Video, "image": datasets.Image}[column](decode=False)
    if builder is None:
        found = datasets.load_dataset(str(folder), cache_dir=str(cache))
    else:
        found = datasets.load_dataset(builder, data_dir=str(folder), cache_dir=str(cache))
    return {split: list(rows.cast_column(column, feature)) for split, rows in found.items()}


def bytes_of(media: Mapping[str, Any]) -> bytes:
    """Return the bytes of a loaded file."""
    held: bytes | None = media["bytes"]
    return Path(media["path"]).read_bytes() if held is None else held
