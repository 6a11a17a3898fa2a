"""Samples whose clips are changed on their way into a dataset; the originals are read and never touched."""

from __future__ import annotations

import math
import re
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from archiver.dataset.changed import changed_files
from archiver.dataset.lookahead import begun_ahead
from archiver.dataset.media import LostSampleError, Media, MediaFile
from archiver.dataset.options import LARGEST_SIDE, LEAST_SIDE, MOST_FPS, MOST_FRAMES, TransformOptions
from archiver.dataset.plan import Sample
from archiver.domain.errors import UsageError
from archiver.media.ffmpeg import ffmpeg_version, has_encoder
from archiver.media.transcode import ENCODING
from archiver.storage.errors import translated

_Files = tuple[MediaFile, ...]
_Task = tuple[Sample, _Files | LostSampleError]

_NUMBER = re.compile(r"\d{1,9}(?:\.\d{1,9})?", re.ASCII)
_RATE = re.compile(r"(\d{1,6})/(\d{1,4})", re.ASCII)
_WHOLE = re.compile(r"\d{1,9}", re.ASCII)


class Transformed:
    """Implements `Media` around another; use `with`, or close it.

    A sample's made files are there until the next sample is asked for. Those of `upcoming`, the samples in
    the order in which they will be asked for, are begun before they are: no more than there are processors.
    """

    def __init__(
        self, media: Media, options: TransformOptions, folder: Path, upcoming: Sequence[Sample] = ()
    ) -> None:
        self._media = media
        self._options = options
        self._folder = folder
        self._upcoming = upcoming
        self._places = {sample.example.id: place for place, sample in enumerate(upcoming)}
        self._begun = begun_ahead(self._make, ())
        self._current: Sample | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Begin nothing more, wait for what is under way, and remove all that was made."""
        self._begun.close()
        self._current = None
        shutil.rmtree(self._folder, ignore_errors=True)

    def files(self, sample: Sample) -> tuple[MediaFile, ...]:
        """Return a sample's files, changed. Raises `LostSampleError`, also where a clip cannot be changed.

        Raises `RunError` where it is not the clip's fault: the disk is full, ffmpeg is gone.
        """
        if self._current is not None:
            shutil.rmtree(self._home(self._current), ignore_errors=True)
        self._current = sample
        coming = next(self._begun, None)
        if coming is None or coming[0][0].example.id != sample.example.id:
            return self._begin(sample).result()
        return coming[1].result()

    def pass_by(self, sample: Sample) -> None:
        """Take note that a sample is dealt with, of which no files are asked for."""
        self._media.pass_by(sample)

    def lose(self, sample: Sample, error: LostSampleError) -> None:
        """Take note that a sample is left out."""
        self._media.lose(sample, error)

    def is_lost(self, sample: Sample) -> bool:
        """Tell whether a sample was left out."""
        return self._media.is_lost(sample)

    def _begin(self, sample: Sample) -> Future[_Files]:
        """Begin with this sample, and with those that come after it."""
        self.close()
        self._current = sample
        place = self._places.get(sample.example.id)
        samples = [sample] if place is None else self._upcoming[place:]
        self._begun = begun_ahead(self._make, self._tasks(samples))
        _, files = next(self._begun)
        return files

    def _tasks(self, samples: Sequence[Sample]) -> Iterator[_Task]:
        for number, sample in enumerate(samples):
            if number and self._media.is_lost(sample):
                continue
            try:
                yield sample, self._media.files(sample)
            except LostSampleError as error:
                yield sample, error

    def _make(self, task: _Task) -> _Files:
        sample, originals = task
        if isinstance(originals, LostSampleError):
            raise originals
        home = self._home(sample)
        with translated("make the folder", str(home)):
            home.mkdir(parents=True, exist_ok=True)
        return changed_files(originals, self._options, home)

    def _home(self, sample: Sample) -> Path:
        return self._folder / sample.key


def describe(options: TransformOptions) -> dict[str, Any]:
    """Return what decides the bytes of changed clips, for the dataset's record; nothing where none is.

    Raises `UsageError` where there is no ffmpeg that can make them.
    """
    if options.is_none:
        return {}
    if options.frames is None and not has_encoder(ENCODING["vcodec"]):
        msg = (
            f"this ffmpeg has no encoder {ENCODING['vcodec']}: install another, or the package imageio-ffmpeg"
        )
        raise UsageError(msg)
    asked = {
        name: value for name, value in asdict(options).items() if value is not None and value is not False
    }
    return {"ffmpeg": ffmpeg_version(), **asked}


def parse_clip(text: str) -> tuple[float, float]:
    """Return begin and end in seconds from `0:2.5`. Raises `UsageError`."""
    begin, _, end = text.partition(":")
    if _NUMBER.fullmatch(begin) and _NUMBER.fullmatch(end) and float(begin) < float(end):
        return float(begin), float(end)
    msg = f"{text[:40]!a} is not a part of a clip: write where it begins and ends, in seconds: 0:2.5"
    raise UsageError(msg)


def parse_resize(text: str) -> int:
    """Return the shorter side in pixels from `512`. Raises `UsageError`."""
    side = int(text) if _WHOLE.fullmatch(text) else 0
    if LEAST_SIDE <= side <= LARGEST_SIDE and side % 2 == 0:
        return side
    msg = (
        f"{text[:40]!a} is not a side: write an even number of pixels from {LEAST_SIDE} to {LARGEST_SIDE}, "
        "as H.264 has them: 512"
    )
    raise UsageError(msg)


def parse_fps(text: str) -> float:
    """Return frames a second from `8`, `23.976` or `30000/1001`. Raises `UsageError`."""
    ratio = _RATE.fullmatch(text)
    rate = math.nan
    with suppress(ValueError, ZeroDivisionError):
        rate = float(Fraction(int(ratio[1]), int(ratio[2]))) if ratio else float(text)
    if 0 < rate <= MOST_FPS and (ratio or _NUMBER.fullmatch(text)):
        return rate
    msg = f"{text[:40]!a} is not a rate: write frames a second, up to {MOST_FPS}: 8, 23.976, 30000/1001"
    raise UsageError(msg)


def parse_frames(text: str) -> int:
    """Return how many stills from `4`. Raises `UsageError`."""
    count = int(text) if _WHOLE.fullmatch(text) else 0
    if 1 <= count <= MOST_FRAMES:
        return count
    msg = f"{text[:40]!a} is not a number of frames: write one from 1 to {MOST_FRAMES}"
    raise UsageError(msg)
