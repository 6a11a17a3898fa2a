"""Generations put into an archive by hand, for tests of tables: measured, with prompts of all kinds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from archiver.dataset.options import ExportOptions, FormatName, LayoutOptions
from archiver.domain.identity import AssetName, parse_id
from archiver.domain.naming import folder_of
from archiver.domain.sidecar import AssetRecord, Measured, encode_sidecar, verification_of
from archiver.domain.timing import parse_timestamp
from tests.storage.samples import record, sidecar

CLIP = Measured(width=1360, height=752, duration=5.041667, codec="h264", frame_rate="24/1", frames=121)
PICTURE = Measured(width=1360, height=752)
MOST = (AssetName.VIDEO, AssetName.THUMBNAIL)

PROMPTS = {
    "plain": "cat dance",
    "empty": "",
    "lines": "one\ntwo\r\nthree\rfour\n",
    "quotes": 'she said "no", twice',
    "signs": "日本語 🎬 é \u2028 \x85 \ufeff",
    "formula": '=HYPERLINK("x")',
    "digits": "007",
    "word": "NA",
    "null": "null",
    "spaces": "  two  ",
    "date": "2024-12-22",
    "backslash": "\\N \\n '",
}


def put(
    archive: Path,
    generation_id: str,
    *,
    assets: tuple[AssetName, ...] = MOST,
    **changes: Any,  # noqa: ANN401 - any field of a sidecar
) -> Path:
    """Write a generation, `changes` in its sidecar, and return its folder. Each file says what it is."""
    known = parse_id(generation_id)
    bodies = {name: f"{name} of {known}".encode() * 20 for name in assets}
    records = {name: _record(name, body) for name, body in bodies.items()}
    whole = sidecar(records, generation_id=known)
    kept = msgspec.structs.replace(whole, verification=verification_of(records), **changes)
    folder = archive / folder_of(known, parse_timestamp(kept.created_at or ""))
    folder.mkdir(parents=True)
    for name, body in bodies.items():
        (folder / f"{name}.{_extension(name)}").write_bytes(body)
    (folder / "sidecar.json").write_bytes(encode_sidecar(kept))
    return folder


def put_prompts(archive: Path) -> None:
    """Write a generation for each of `PROMPTS`."""
    for name, prompt in PROMPTS.items():
        put(archive, name, prompt=prompt)


def put_tombstone(archive: Path, generation_id: str) -> Path:
    """Write a generation that failed upstream: a sidecar alone."""
    changes = {"state": "failed", "prompt": None, "failure_reason": "no\ncats", "created_at": None}
    return put(archive, generation_id, assets=(), **changes)


def said(archive: Path) -> dict[str, dict[str, Any]]:
    """Return every sidecar as JSON, by id."""
    paths = archive.glob("generations/**/sidecar.json")
    return {path.parent.name: json.loads(path.read_bytes()) for path in paths}


def files(archive: Path, name: str) -> dict[str, bytes]:
    """Return the bytes of a file of every generation that has it, by id."""
    return {path.parent.name: path.read_bytes() for path in archive.glob(f"generations/**/{name}")}


def options(name: FormatName, **layout: Any) -> ExportOptions:  # noqa: ANN401 - any field of the layout's
    """Return the options of an export."""
    return ExportOptions(format=name, layout=LayoutOptions(**layout))


def row_said(sidecar: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a table's row must say by the sidecar, as far as both use the same words."""
    video = sidecar["assets"].get("video", {})
    measured = video.get("measured") or {}
    names = ("id", "state", "prompt", "aspect_ratio", "verification", "failure_reason")
    return {
        **{name: sidecar[name] for name in names},
        **{name: measured.get(name) for name in ("width", "height", "duration", "frames", "codec")},
        "bytes": video.get("size"),
        "sha256": video.get("sha256"),
        "frame_rate": 24.0 if measured else None,
        "caption": sidecar["prompt"] or "",
    }


def _record(name: AssetName, body: bytes) -> AssetRecord:
    measured = CLIP if name.is_video else PICTURE
    media_type = "video/mp4" if name.is_video else "image/jpeg"
    made = record(f"{name}.{_extension(name)}", body)
    return msgspec.structs.replace(made, measured=measured, media_type=media_type)


def _extension(name: AssetName) -> str:
    return "mp4" if name.is_video else "jpg"
