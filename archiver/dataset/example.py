"""An example: one generation as a dataset has it; light enough to hold a hundred thousand of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from archiver.domain.identity import AssetName, GenerationId
from archiver.domain.sidecar import AssetRecord, AssetStatus, Measured, Sidecar, Verification


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetFile:
    """One file of a generation: `name` is its file's in the generation's folder."""

    name: str
    size: int
    sha256: str
    media_type: str | None
    status: AssetStatus
    measured: Measured
    same_as: AssetName | None = None

    @property
    def extension(self) -> str:
        """The file's extension, without the dot."""
        return self.name.rpartition(".")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One generation: `folder` is relative to the archive's root, `row` the manifest's columns."""

    id: GenerationId
    folder: str
    state: str
    verification: Verification
    created_at: str | None
    archived_at: str
    prompt: str | None
    aspect_ratio: str | None
    failure_reason: str | None
    assets: Mapping[AssetName, AssetFile]
    row: Mapping[str, Any]

    @property
    def video(self) -> AssetFile | None:
        """The clip: `video`, or `video_raw` where there is no other."""
        return self.assets.get(AssetName.VIDEO) or self.assets.get(AssetName.VIDEO_RAW)

    @property
    def tags(self) -> tuple[str, ...]:
        """The manifest's `tags`: a list, or a text with commas between them."""
        found = self.row.get("tags")
        parts = found.split(",") if isinstance(found, str) else found if isinstance(found, list) else []
        return tuple(text for part in parts if part is not None and (text := str(part).strip()))


def example_of(sidecar: Sidecar, folder: str) -> Example:
    """Return the example of a generation whose sidecar lies in `folder`."""
    files = {name: _file(record) for name, record in sidecar.assets.items()}
    return Example(
        id=GenerationId(sidecar.id),
        folder=folder,
        state=sidecar.state,
        verification=sidecar.verification,
        created_at=sidecar.created_at,
        archived_at=sidecar.archived_at,
        prompt=sidecar.prompt,
        aspect_ratio=sidecar.aspect_ratio,
        failure_reason=sidecar.failure_reason,
        assets={name: file for name, file in files.items() if file},
        row=sidecar.manifest_row,
    )


def _file(record: AssetRecord) -> AssetFile | None:
    if record.status is AssetStatus.MISSING or record.file_name is None:
        return None
    if record.size is None or record.sha256 is None:
        return None
    return AssetFile(
        name=record.file_name,
        size=record.size,
        sha256=record.sha256,
        media_type=record.media_type,
        status=record.status,
        measured=record.measured or Measured(),
        same_as=record.same_as,
    )
