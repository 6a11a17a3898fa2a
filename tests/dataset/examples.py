"""Examples as values, without an archive: what decisions are tested with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from archiver.dataset.example import AssetFile, Example
from archiver.domain.identity import AssetName, parse_id
from archiver.domain.sidecar import AssetStatus, Measured, Verification


def file_of(name: str, *, sha256: str = "0" * 64, duration: float | None = 5.041667) -> AssetFile:
    """Return a file of 1000 bytes."""
    return AssetFile(
        name=name,
        size=1000,
        sha256=sha256,
        media_type=None,
        status=AssetStatus.VERIFIED,
        measured=Measured(width=1360, height=752, duration=duration, frame_rate="24/1", frames=121),
    )


def example(
    generation_id: str,
    *,
    prompt: str | None = "cat dance",
    row: Mapping[str, Any] | None = None,
    verification: Verification = Verification.VERIFIED,
    files: tuple[str, ...] = ("video.mp4",),
) -> Example:
    """Return a completed generation."""
    return Example(
        id=parse_id(generation_id),
        folder=f"generations/2024/12/{generation_id}",
        state="completed",
        verification=verification,
        created_at="2024-12-22T13:38:00Z",
        archived_at="2025-01-01T00:00:00Z",
        prompt=prompt,
        aspect_ratio="16:9",
        failure_reason=None,
        assets={AssetName(name.partition(".")[0]): file_of(name) for name in files},
        row=row or {},
    )
