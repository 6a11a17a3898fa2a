"""An export: the pieces of a plan, one after another, to a dataset that is whole or not there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from archiver.dataset.events import ExportNoticed, ExportObserver, FileWritten
from archiver.dataset.journal import Held
from archiver.dataset.media import Losses, LostSampleError, Media
from archiver.dataset.pieces import Layout, MadePiece, MediaPiece, Piece
from archiver.dataset.places import place_of, remove
from archiver.dataset.plan import Plan, Sample
from archiver.dataset.record import DatasetRecord, FileRecord
from archiver.dataset.stage import Stage
from archiver.dataset.staged import StagedFile
from archiver.dataset.takeover import take_over
from archiver.domain.errors import RunError, UsageError
from archiver.domain.identity import GenerationId
from archiver.storage.folder import Folder
from archiver.version import __version__


class UnloadableError(RunError):
    """What was written would not be loaded as it should be: it does not get its name."""

    kind = "unloadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """All that an export works with. `transform` says, for the record, how clips are changed."""

    plan: Plan
    layout: Layout
    media: Media
    losses: Losses
    observer: ExportObserver
    fingerprint: str
    transform: Mapping[str, Any]


class Export:
    """One export, to be run once."""

    def __init__(self, work: Work, stage: Stage) -> None:
        self._work = work
        self._stage = stage
        self._files: list[FileRecord] = []
        self._taken_over: dict[str, GenerationId] = {}
        self._is_copying_told = False

    def run(self) -> DatasetRecord:
        """Write all, look at it as its loaders would, publish it, and return its record.

        Raises `UnloadableError`, `UsageError`, `ArchiveError`; what is whole is kept for the next run then.
        """
        self._write_all()
        self._drop_lost()
        kept = self._kept()
        self._look_at(kept)
        record = self._record(kept)
        self._stage.publish(record)
        return record

    def _write_all(self) -> None:
        try:
            for piece in self._work.layout.pieces(self._work.plan, self._work.media):
                self._take(piece)
        except UsageError:
            self._stage.abandon()
            raise
        finally:
            self._stage.flush()

    def _look_at(self, kept: Mapping[str, tuple[Sample, ...]]) -> None:
        """Raise `UnloadableError` where loaders would stumble, or find nothing."""
        if not any(kept.values()):
            self._stage.discard()
            msg = "the dataset would have nothing in it: every sample was left out"
            raise UnloadableError(msg)
        flaws = self._work.layout.lint(self._stage.files, self._work.plan, kept)
        if flaws:
            more = f" (and {len(flaws) - 1} more)" if len(flaws) > 1 else ""
            msg = f"the dataset would not load as it should: {flaws[0]}{more}"
            raise UnloadableError(msg)

    def _take(self, piece: Piece) -> None:
        if isinstance(piece, MediaPiece):
            self._taken_over[piece.path] = piece.sample.example.id
        held = self._stage.held(piece.path)
        if held and _is_of(held, piece):
            for name, reason in held.lost.items():
                self._work.losses.add(GenerationId(name), reason)
            if isinstance(piece, MadePiece) and piece.needs_samples:
                for sample in piece.samples:
                    self._work.media.pass_by(sample)
            self._keep(held, is_held=True)
            return
        remove(self._stage.files, piece.path)
        written = self._write(piece)
        if written:
            self._stage.note(written)
            self._keep(written, is_held=False)

    def _keep(self, held: Held, *, is_held: bool) -> None:
        file = FileRecord(path=held.path, bytes=held.bytes, sha256=held.sha256, samples=held.samples)
        self._files.append(file)
        self._work.observer(FileWritten(file, is_held=is_held))

    def _write(self, piece: Piece) -> Held | None:
        with place_of(self._stage.files, piece.path, is_made=True) as (folder, name):
            match piece:
                case MadePiece():
                    return self._make(piece, folder, name)
                case MediaPiece():
                    return self._take_over(piece, folder, name)

    def _make(self, piece: MadePiece, folder: Folder, name: str) -> Held | None:
        with StagedFile.create(folder, name) as staged:
            piece.write(staged)
            digest = staged.finish()
        lost = self._work.losses.among(piece.samples)
        count = len(piece.samples) - len(lost)
        if piece.needs_samples and not count:
            folder.remove(name)
            return None
        return Held(path=piece.path, bytes=staged.size, sha256=digest, samples=count, lost=lost)

    def _take_over(self, piece: MediaPiece, folder: Folder, name: str) -> Held | None:
        linking = self._work.plan.options.layout.linking
        try:
            is_copy = take_over(piece.file, folder, name, linking)
        except LostSampleError as error:
            folder.remove(name)
            self._work.media.lose(piece.sample, error)
            return None
        if is_copy and not self._is_copying_told:
            self._is_copying_told = True
            self._work.observer(ExportNoticed("files cannot be linked from the archive to here: copied"))
        return Held(path=piece.path, bytes=piece.file.size, sha256=piece.file.sha256, samples=1)

    def _drop_lost(self) -> None:
        """Take back the files of samples of which another file turned out to be damaged."""
        losses = self._work.losses
        dropped = {path for path, generation_id in self._taken_over.items() if generation_id in losses}
        for path in dropped:
            remove(self._stage.files, path)
        self._files = [file for file in self._files if file.path not in dropped]

    def _kept(self) -> dict[str, tuple[Sample, ...]]:
        media = self._work.media
        return {
            split: tuple(sample for sample in samples if not media.is_lost(sample))
            for split, samples in self._work.plan.samples.items()
        }

    def _record(self, kept: Mapping[str, tuple[Sample, ...]]) -> DatasetRecord:
        options = self._work.plan.options
        files = tuple(sorted(self._files, key=lambda file: file.path))
        counts = {
            "samples": sum(map(len, kept.values())),
            "files": len(files),
            "bytes": sum(file.bytes for file in files),
        }
        return DatasetRecord(
            format=options.format,
            archiver_version=__version__,
            fingerprint=self._work.fingerprint,
            options=options,
            transform=dict(self._work.transform),
            counts=counts | {f"samples:{split}": len(samples) for split, samples in kept.items()},
            ids={split: tuple(sample.example.id for sample in samples) for split, samples in kept.items()},
            files=files,
        )


def _is_of(held: Held, piece: Piece) -> bool:
    """Tell whether what an earlier run wrote is what is asked for: a sidecar may have changed since."""
    return isinstance(piece, MadePiece) or held.sha256 == piece.file.sha256
