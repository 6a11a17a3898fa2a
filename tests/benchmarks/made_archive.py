"""An archive of many small generations, made without a service: real layout, valid sidecars, few bytes."""

from __future__ import annotations

import json
import os
import random
import time
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import msgspec

from archiver.domain.identity import AssetName, parse_id
from archiver.domain.naming import SIDECAR, folder_of
from archiver.domain.sidecar import AssetRecord, encode_sidecar
from archiver.domain.timing import parse_timestamp
from tests.simulator import Clip, Shape, make_clip
from tests.simulator.answers import Link, build_answer
from tests.storage.samples import record, sidecar

_MEDIA = "https://media.example/dream-machine"
_PLACEHOLDER = parse_id("00000000-0000-0000-0000-000000000000")
_FILES = {
    AssetName.VIDEO: "video.mp4",
    AssetName.VIDEO_RAW: "video_raw.mp4",
    AssetName.THUMBNAIL: "thumbnail.jpg",
    AssetName.LAST_FRAME: "last_frame.jpg",
}
_MONTHS = 12
# ext4 lets a file have 65,000 names.
_NAMES_A_FILE = 20_000


def make_archive(root: Path, count: int) -> float:
    """Make an archive of `count` generations, over twelve months; return how many seconds it took."""
    began_s = time.monotonic()
    making = _Making(root, make_clip())
    chance = random.Random(count)  # noqa: S311 - the same archive each time
    for _ in range(count):
        making.add(str(UUID(int=chance.getrandbits(128), version=4)))
    return time.monotonic() - began_s


@dataclass(slots=True)
class _Making:
    """An archive that grows; its files are hard links to those of a few generations."""

    root: Path
    clip: Clip
    _made: int = 0
    _original: str = ""
    _months: list[tuple[str, bytes]] = field(default_factory=list)
    """The folder of each month, and the sidecar of any generation in it, but for the id."""

    def __post_init__(self) -> None:
        """Make the folders of the months."""
        for number in range(1, _MONTHS + 1):
            created_at = f"2024-{number:02}-22T13:38:40Z"
            folder = (self.root / folder_of(_PLACEHOLDER, parse_timestamp(created_at))).parent
            folder.mkdir(parents=True)
            self._months.append((str(folder), _template(self.clip, created_at)))

    def add(self, generation_id: str) -> None:
        """Make one more generation."""
        month, template = self._months[self._made % _MONTHS]
        folder = f"{month}/{generation_id}"
        os.mkdir(folder)  # noqa: PTH102 - a `Path` for each of these takes as long as the folder itself
        if self._made % _NAMES_A_FILE == 0:
            self._write_files(folder)
        else:
            for name in _FILES.values():
                os.link(f"{self._original}/{name}", f"{folder}/{name}")
        text = template.replace(_PLACEHOLDER.encode(), generation_id.encode())
        Path(folder, SIDECAR).write_bytes(text)
        self._made += 1

    def _write_files(self, folder: str) -> None:
        self._original = folder
        for name, file in _FILES.items():
            Path(folder, file).write_bytes(getattr(self.clip, name).data)


def _template(clip: Clip, created_at: str) -> bytes:
    links = {name.value: Link(f"{_MEDIA}/{_PLACEHOLDER}/{name}", getattr(clip, name)) for name in _FILES}
    links[AssetName.VIDEO] = links[AssetName.VIDEO_RAW]
    answer = build_answer(_PLACEHOLDER, "completed", links, Shape(created_at=created_at))
    records = {name: _record(name, getattr(clip, name).data, links[name].url) for name in _FILES}
    made = sidecar(records, generation_id=_PLACEHOLDER, archived_at=created_at)
    response = msgspec.Raw(json.dumps(answer).encode())
    return encode_sidecar(msgspec.structs.replace(made, created_at=created_at, response=response))


def _record(name: AssetName, body: bytes, url: str) -> AssetRecord:
    return msgspec.structs.replace(
        record(_FILES[name], body),
        url=url,
        media_type="video/mp4" if name.is_video else "image/jpeg",
        same_as=AssetName.VIDEO if name is AssetName.VIDEO_RAW else None,
    )
