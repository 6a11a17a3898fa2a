"""The changed files of one sample: its clip made anew, or stills in its place; pictures stay as they are."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import BinaryIO

from archiver.dataset.media import CHUNK_BYTES, LostSampleError, MediaFile, open_regular
from archiver.dataset.options import TransformOptions
from archiver.domain.identity import AssetName
from archiver.media.changes import Changes
from archiver.media.filming import FilmError
from archiver.media.stills import sample_frames
from archiver.media.transcode import transcode


def changed_files(
    files: Sequence[MediaFile], options: TransformOptions, folder: Path
) -> tuple[MediaFile, ...]:
    """Return a sample's files, what is changed of them made in `folder`, which exists.

    Stills are of the first video; others have no place beside them. Raises `LostSampleError` for an original
    that is damaged or cannot be changed as asked, and `DiskFullError`.
    """
    videos = [file for file in files if AssetName(file.field).is_video]
    pictures = [file for file in files if not AssetName(file.field).is_video]
    if options.frames is None:
        return (*_clips(videos, options, folder), *pictures)
    stills = _stills(videos[0], options.frames, options, folder) if videos else ()
    return (*stills, *pictures)


def changes_of(options: TransformOptions) -> Changes:
    """Return what is done to a film."""
    return Changes(
        begin_s=options.clip_begin_s,
        end_s=options.clip_end_s,
        fps=options.fps,
        is_cropped=options.is_cropped,
        resize=options.resize,
    )


def _clips(videos: Sequence[MediaFile], options: TransformOptions, folder: Path) -> Iterator[MediaFile]:
    made: dict[str, MediaFile] = {}
    for video in videos:
        # `video` and `video_raw` are often the same bytes.
        if video.sha256 not in made:
            made[video.sha256] = _clip(video, options, folder)
        yield replace(made[video.sha256], field=video.field)


def _clip(video: MediaFile, options: TransformOptions, folder: Path) -> MediaFile:
    target = folder / f"{video.field}.mp4"
    with _verified(video) as source:
        try:
            transcode(source, target, changes_of(options))
        except FilmError as error:
            raise _lost(video, error) from error
    return _made(target, video.field)


def _stills(video: MediaFile, count: int, options: TransformOptions, folder: Path) -> tuple[MediaFile, ...]:
    with _verified(video) as source:
        try:
            paths = sample_frames(source, folder, count, changes_of(options))
        except FilmError as error:
            raise _lost(video, error) from error
    return tuple(_made(path, f"frame_{number:03d}") for number, path in enumerate(paths))


def _verified(video: MediaFile) -> BinaryIO:
    """Open an original whose bytes are what its sidecar records: an encoder would hide that they are not."""
    for _ in video.chunks():
        pass
    return video.opened()


def _made(path: Path, field: str) -> MediaFile:
    digest, size = hashlib.sha256(), 0
    with _open_made(path) as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
            size += len(chunk)
    return MediaFile(
        field=field,
        extension=path.suffix.removeprefix("."),
        size=size,
        sha256=digest.hexdigest(),
        path=path,
        opened=partial(_open_made, path),
    )


def _open_made(path: Path) -> BinaryIO:
    try:
        return open_regular(path)
    except OSError as error:
        msg = f"{path.name}, made of the sample's clip, cannot be read: {error.strerror}: run it again"
        raise LostSampleError(msg) from error


def _lost(video: MediaFile, error: FilmError) -> LostSampleError:
    return LostSampleError(f"{video.path.name} cannot be changed as asked: {error.message}")
