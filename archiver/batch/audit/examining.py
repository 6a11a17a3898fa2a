"""One generation held against its sidecar. All of this blocks, and runs in the audit's own threads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from os import stat_result
from pathlib import Path
from typing import Protocol

from archiver.domain.audit import AuditStatus, Finding, Judgement, judge, judge_deeply
from archiver.domain.checks import Check, Inspection, NotMedia, check_asset, check_decode
from archiver.domain.errors import ArchiveError, ErrorRecord, SidecarError
from archiver.domain.generation import Promise
from archiver.domain.identity import AssetName, GenerationId
from archiver.domain.naming import SIDECAR
from archiver.domain.sidecar import AssetRecord, AssetStatus, Expected, Sidecar
from archiver.storage.archive import Archive
from archiver.storage.errors import MissingFileError
from archiver.storage.folder import Folder
from archiver.storage.gate import Gate, sha256_through
from archiver.storage.sidecars import read_sidecar


@dataclass(frozen=True, slots=True)
class Target:
    """A generation to look at; without a `folder` it is one that the archive does not know."""

    id: GenerationId
    folder: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What was found of a generation; `unknown` are paths of files that its sidecar does not record."""

    target: Target
    sidecar: Sidecar | None
    findings: tuple[Finding, ...]
    unknown: tuple[str, ...] = ()

    @property
    def trouble(self) -> tuple[Finding, ...]:
        """What is damaged or missing."""
        return tuple(finding for finding in self.findings if finding.status.is_trouble)

    @property
    def size(self) -> int:
        """How many bytes were read."""
        return sum(finding.size for finding in self.findings)


class Decoding(Protocol):
    """Whoever looks into media files for a thread that waits. Both may raise `RunError`."""

    def inspect(self, path: Path) -> Inspection:
        """Return what is in a file."""

    def find_decode_error(self, path: Path) -> str | None:
        """Decode every frame; return the first complaint, or None."""

    def shut(self) -> None:
        """Let nobody wait any longer: both raise `GateShutError` from now on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Examiner:
    """Looks at generations, with `decoding` into files, too; `knows` tells whether the index has an id."""

    archive: Archive
    gate: Gate
    decoding: Decoding | None
    knows: Callable[[GenerationId], bool]

    def shut(self) -> None:
        """Let whoever examines come to an end."""
        self.gate.shut()
        if self.decoding:
            self.decoding.shut()

    def examine(self, target: Target) -> Examination:
        """Look at one. Raises `GateShutError`, and `UsageError` where there is no ffmpeg to decode with."""
        if target.folder is None:
            return _about(target, "unknown", "the archive does not have it")
        try:
            with self.archive.open_folder(target.folder) as home:
                return self._examine(target, home)
        except MissingFileError:
            return _about(target, "gone", f"{target.folder} is gone, which the index knows")
        except (SidecarError, ArchiveError) as error:
            return _about(target, error.kind, error.message, AuditStatus.DAMAGED)

    def _examine(self, target: Target, home: Folder) -> Examination:
        sidecar = read_sidecar(home)
        if sidecar is None and self.knows(target.id):
            return _about(target, "gone", "its sidecar is gone")
        if sidecar is None:
            files = tuple(home.where(name) for name in home.names())
            return Examination(target=target, sidecar=None, findings=(), unknown=files)
        look = _Look(self, target, home, sidecar)
        findings = tuple(look.at(name, record) for name, record in sidecar.assets.items())
        recorded = {SIDECAR, *(record.path for record in sidecar.assets.values())}
        unknown = tuple(home.where(name) for name in home.names() if name not in recorded)
        return Examination(target=target, sidecar=sidecar, findings=findings, unknown=unknown)


@dataclass(slots=True)
class _Look:
    """One generation under examination; files with two names are read once."""

    examiner: Examiner
    target: Target
    home: Folder
    sidecar: Sidecar
    digests: dict[tuple[int, int], str] = field(default_factory=dict)
    decoded: dict[tuple[int, int], str | None] = field(default_factory=dict)

    def at(self, name: AssetName, record: AssetRecord) -> Finding:
        """Return how an asset stands."""
        path, size, error = None, 0, None
        try:
            if record.file_name:
                path = self.home.where(record.file_name)
            judgement, size = self._judge(name, record)
            status, error = judgement
        except ArchiveError as trouble:
            # Often the disk itself: what cannot be read is as good as lost, and no other file's concern.
            status, error = AuditStatus.DAMAGED, trouble.record()
        is_new = status is AuditStatus.MISMATCHED and record.status is not AssetStatus.MISMATCHED
        return Finding(
            id=self.target.id, asset=name, status=status, path=path, size=size, error=error, is_new=is_new
        )

    def _judge(self, name: AssetName, record: AssetRecord) -> tuple[Judgement, int]:
        name_here = record.file_name
        file = self.home.stat(name_here) if name_here else None
        size = self.home.size_of(name_here) if file and name_here else None
        sha256, read = None, 0
        if file and name_here and size is not None and record.size in {None, size}:
            sha256, read = self._sha256(name_here, file)
        judgement = judge(record, size, sha256)
        decoding = self.examiner.decoding
        if decoding and file and not judgement[0].is_trouble:
            judgement = judge_deeply(record, self._checks(name, record, file, decoding))
        return judgement, read

    def _sha256(self, path: str, file: stat_result) -> tuple[str, int]:
        inode = (file.st_dev, file.st_ino)
        if inode in self.digests:
            return self.digests[inode], 0
        self.digests[inode] = sha256_through(self.examiner.gate, self.home, path)
        return self.digests[inode], file.st_size

    def _checks(
        self, name: AssetName, record: AssetRecord, file: stat_result, decoding: Decoding
    ) -> tuple[Check, ...]:
        path = self.examiner.archive.root / self.home.where(record.path or "")
        inspection = decoding.inspect(path)
        if isinstance(inspection, NotMedia):
            return (Check(name="container", ok=False, expected="media", measured=inspection.reason),)
        inode = (file.st_dev, file.st_ino)
        if inode not in self.decoded:
            self.decoded[inode] = decoding.find_decode_error(path)
        promises = {name: _promise(record.expected) for name, record in self.sidecar.assets.items()}
        return (*check_asset(name, promises, inspection), check_decode(self.decoded[inode]))


def _promise(expected: Expected) -> Promise:
    return Promise(width=expected.width, height=expected.height, duration_s=expected.duration)


def _about(target: Target, kind: str, message: str, status: AuditStatus = AuditStatus.MISSING) -> Examination:
    path = f"{target.folder}/{SIDECAR}" if target.folder else None
    error = ErrorRecord(kind=kind, message=message)
    finding = Finding(id=target.id, asset=None, status=status, path=path, error=error)
    return Examination(target=target, sidecar=None, findings=(finding,))
