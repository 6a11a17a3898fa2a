"""A bag (RFC 8493): generations as the archive has them, with digests that any archivist's tool checks.

data/generations/2024/12/ID/  a generation's files, and its sidecar, verbatim
manifest-sha256.txt           every file's digest (RFC 8493 §2.1.3)
bagit.txt                     that this is a bag (§2.1.1)
bag-info.txt                  about the bag (§2.2.2)
tagmanifest-sha256.txt        the digests of the three above (§2.2.1)

There is no fetch.txt: URLs of media are signed, name who asked, and expire.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from pathlib import Path

from archiver.dataset.formats.baglint import flaws_of
from archiver.dataset.formats.bagtags import PAYLOAD, TAG_FILES, PayloadFile, tag_files
from archiver.dataset.media import LostSampleError, Media, MediaFile
from archiver.dataset.originals import original_files, sidecar_file
from archiver.dataset.output import Output
from archiver.dataset.pieces import MadePiece, MediaPiece, Piece
from archiver.dataset.plan import Plan, Sample
from archiver.domain.errors import UsageError

# A manifest has to escape some of the others (RFC 8493 §2.1.3), and its readers differ in what they undo.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")

_Payload = list[tuple[Sample, tuple[PayloadFile, ...]]]


class BagitLayout:
    """Implements `Layout`: all files of each generation, whatever the plan's assets and splits."""

    def pieces(self, plan: Plan, media: Media) -> Iterator[Piece]:
        """Give all files, then the bag's own. Raises `UsageError` where something is to be left out of it."""
        if plan.options.layout.assets is not None or not plan.options.transform.is_none:
            msg = (
                "a bag has all files of a generation as they are: leave --assets out, and what changes clips"
            )
            raise UsageError(msg)
        samples = tuple(chain.from_iterable(plan.samples.values()))
        payload: _Payload = []
        for sample in samples:
            files = _files(plan.root, sample, media)
            paths = [f"{PAYLOAD}/{sample.example.folder}/{file.path.name}" for file in files]
            yield from map(partial(_piece, sample), paths, files)
            payload.append((sample, tuple(map(_payload_file, paths, files))))
        for name in TAG_FILES:
            yield MadePiece(path=name, samples=samples, write=partial(_write, name, payload, media))

    def lint(self, folder: Path, plan: Plan, kept: Mapping[str, Sequence[Sample]]) -> list[str]:
        """Return what a validator would find."""
        del plan
        return flaws_of(folder, chain.from_iterable(kept.values()))


def _files(root: Path, sample: Sample, media: Media) -> tuple[MediaFile, ...]:
    """Return all files of a generation; a lost one has none."""
    if media.is_lost(sample):
        return ()
    media.pass_by(sample)
    example = sample.example
    try:
        files = (*original_files(root, example, example.assets), sidecar_file(root, example))
        _check_names([file.path.name for file in files], example.folder)
    except LostSampleError as error:
        media.lose(sample, error)
        return ()
    return files


def _check_names(names: Sequence[str], folder: str) -> None:
    if len(set(names)) < len(names) or not all(map(_NAME.fullmatch, names)):
        msg = f"{folder}/sidecar.json names its files as no archive does: they cannot be in a bag"
        raise LostSampleError(msg)


def _piece(sample: Sample, path: str, file: MediaFile) -> MediaPiece:
    return MediaPiece(path=path, sample=sample, file=file)


def _payload_file(path: str, file: MediaFile) -> PayloadFile:
    return PayloadFile(path, file.size, file.sha256)


def _write(name: str, payload: _Payload, media: Media, output: Output) -> None:
    kept = [(sample, files) for sample, files in payload if not media.is_lost(sample)]
    tags = tag_files(
        chain.from_iterable(files for _, files in kept), (sample.example.archived_at for sample, _ in kept)
    )
    output.write(tags[name])
