"""Plans over an archive made by hand, and a layout written without staging: what a format's tests need."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from archiver.dataset.example import AssetFile, Example, example_of
from archiver.dataset.media import LostSampleError, Media, MediaFile, open_regular
from archiver.dataset.options import ExportOptions
from archiver.dataset.pieces import Layout, MadePiece, MediaPiece
from archiver.dataset.plan import Plan, Sample
from archiver.domain.identity import AssetName
from archiver.domain.sidecar import Sidecar
from archiver.storage.archive import Archive


@dataclass
class PlainOutput:
    """A file that is written through, and digested."""

    file: BinaryIO
    size: int = 0
    marked: int = 0
    buffer: bytearray = field(default_factory=bytearray)

    def write(self, data: bytes | memoryview) -> int:
        """Append bytes."""
        self.size += len(data)
        self.file.write(data)
        return len(data)

    def room(self) -> memoryview:
        """Return memory to be filled."""
        self.buffer = bytearray(1 << 20)
        return memoryview(self.buffer)

    def take(self, count: int) -> None:
        """Append what was filled."""
        self.write(bytes(self.buffer[:count]))

    def mark(self) -> None:
        """Remember this place."""
        self.marked = self.size

    def rewind(self) -> None:
        """Take back what was written since the last mark."""
        self.file.seek(self.marked)
        self.file.truncate()
        self.size = self.marked


@dataclass
class Originals:
    """The archive's own files."""

    plan: Plan
    lost: dict[str, str] = field(default_factory=dict)

    def files(self, sample: Sample) -> tuple[MediaFile, ...]:
        """Return those that the plan names."""
        folder = self.plan.root / sample.example.folder
        return tuple(_media_file(folder, name, sample.example.assets[name]) for name in self.plan.assets)

    def lose(self, sample: Sample, error: LostSampleError) -> None:
        """Note a loss."""
        self.lost[sample.key] = error.message

    def pass_by(self, sample: Sample) -> None:
        """Nobody watches."""

    def is_lost(self, sample: Sample) -> bool:
        """Tell of one."""
        return sample.key in self.lost


def _media_file(folder: Path, name: AssetName, file: AssetFile) -> MediaFile:
    path = folder / file.name
    return MediaFile(
        field=name.value,
        extension=file.extension,
        size=file.size,
        sha256=file.sha256,
        path=path,
        opened=lambda: open_regular(path),
    )


def plan_of(
    archive: Path,
    options: ExportOptions,
    *,
    splits: Mapping[str, Sequence[str]] | None = None,
    assets: tuple[AssetName, ...] = (AssetName.VIDEO,),
    captions: Mapping[str, str] | None = None,
) -> Plan:
    """Return a plan of all that is in an archive (ids by split, or all in `train`)."""
    examples: dict[str, Example] = {}
    for folder, sidecar in Archive.open(archive, writable=False).sidecars():
        assert isinstance(sidecar, Sidecar)
        examples[sidecar.id] = example_of(sidecar, folder)

    def sample(split: str, generation_id: str) -> Sample:
        example = examples[generation_id]
        caption = (captions or {}).get(generation_id, example.prompt or "")
        return Sample(example=example, key=generation_id.replace(".", "_"), split=split, caption=caption)

    chosen = splits or {"train": sorted(examples)}
    samples = {split: tuple(sample(split, name) for name in ids) for split, ids in chosen.items()}
    return Plan(root=archive, options=options, samples=samples, assets=assets)


def write_layout(layout: Layout, plan: Plan, dest: Path, media: Media | None = None) -> dict[str, str]:
    """Write all pieces into `dest`; return each file's digest. Its lint must be silent."""
    media = media or Originals(plan)
    for piece in layout.pieces(plan, media):
        path = dest / piece.path
        path.parent.mkdir(parents=True, exist_ok=True)
        match piece:
            case MediaPiece(file=file):
                path.write_bytes(file.read())
            case MadePiece(write=write):
                with path.open("w+b") as made:
                    write(PlainOutput(made))
                if piece.needs_samples and all(map(media.is_lost, piece.samples)):
                    path.unlink()
    kept = {split: [one for one in found if not media.is_lost(one)] for split, found in plan.samples.items()}
    assert layout.lint(dest, plan, kept) == []
    files = sorted(path for path in dest.rglob("*") if path.is_file())
    return {str(path.relative_to(dest)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
