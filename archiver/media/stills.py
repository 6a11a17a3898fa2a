"""Stills of a film at even distances, each exactly the frame that is shown at its moment.

The film is decoded twice: once for the moments of its frames, for what a container says of their number is
often wrong or missing; once for the pictures.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import ffmpeg

from archiver.media.changes import Changes, check_length, picture_filters, time_filters
from archiver.media.ffmpeg import frame_timing
from archiver.media.filming import FilmError, run_on_film
from archiver.media.invocation import FILM, INPUT

_JPEG = {
    "vcodec": "mjpeg",
    # Losses that nobody sees; 2 is the best of the scale that ffmpeg's documentation has (mjpeg).
    "q:v": 2,
    "fflags": "+bitexact",
    "flags": "+bitexact",
    "threads": 1,
}
# What is left of a frame where only its moment matters: then its checksum takes no time.
_TINY = "scale=16:16"
_TERMS = 32
_TIME_BASE = "#tb 0: "


@dataclass(frozen=True, slots=True)
class _Moments:
    """When frames begin, and the last one ends, in units of `unit_s` seconds from the first one's begin."""

    begins: tuple[int, ...]
    end: int
    unit_s: Fraction

    def shown_at(self, number: int, count: int) -> int:
        """Return which frame is shown in the middle of part `number` of `count`."""
        middle = (2 * number + 1) * self.end // (2 * count)
        return bisect_right(self.begins, middle) - 1


def sample_frames(source: BinaryIO, folder: Path, count: int, changes: Changes) -> list[Path]:
    """Write `count` stills of a film, open as `source`, to `folder` as JPEGs; return their paths in order.

    Each is from the middle of its part of the film, which is changed as asked. A film with fewer frames than
    that gives some of them twice: the same path. Raises as `transcode` does.
    """
    moments = _moments(source, folder, changes)
    frame_s = moments.end * moments.unit_s / len(moments.begins)
    check_length(changes, float(moments.end * moments.unit_s), float(frame_s))
    wanted = [moments.shown_at(number, count) for number in range(count)]
    chosen = sorted(set(wanted))
    _write(source, folder, chosen, changes)
    return [folder / f"frame_{chosen.index(index):03d}.jpg" for index in wanted]


def _moments(source: BinaryIO, folder: Path, changes: Changes) -> _Moments:
    output = ffmpeg.input(FILM, err_detect="explode", **INPUT).output(
        "-",
        format="framecrc",
        an=None,
        vf=",".join([*time_filters(changes), _TINY]),
        **frame_timing("passthrough"),
    )
    lines = run_on_film(output.global_args("-xerror"), source, folder).decode("ascii", "replace").splitlines()
    unit_s = next((line.removeprefix(_TIME_BASE) for line in lines if line.startswith(_TIME_BASE)), "1")
    # Stream, decoding and presentation time, duration, size, checksum (FFmpeg's documentation, framecrc).
    rows = [[int(cell) for cell in line.split(",")[2:4]] for line in lines if not line.startswith("#")]
    if not rows:
        msg = f"no frame of the film lies in {changes.part}" if changes.is_clipped else "it has no frames"
        raise FilmError(msg)
    first, last = rows[0][0], rows[-1]
    begins = tuple(begin - first for begin, _ in rows)
    return _Moments(begins, max(last[0] - first + last[1], begins[-1] + 1), Fraction(unit_s))


def _write(source: BinaryIO, folder: Path, chosen: list[int], changes: Changes) -> None:
    output = ffmpeg.input(FILM, err_detect="explode", **INPUT).output(
        "file:frame_%03d.jpg",
        format="image2",
        start_number=0,
        an=None,
        vf=",".join([*time_filters(changes), _selection(chosen), *picture_filters(changes)]),
        **frame_timing("passthrough"),
        **_JPEG,
    )
    run_on_film(output.global_args("-xerror"), source, folder)


def _selection(chosen: list[int]) -> str:
    """Return the filter that lets these frames through.

    A sum of sums: ffmpeg takes an expression of 100 levels at most (libavutil/eval.c), and each + is one.
    """
    terms = [f"eq(n,{index})" for index in chosen]
    sums = ["+".join(terms[start : start + _TERMS]) for start in range(0, len(terms), _TERMS)]
    return "select='" + "+".join(f"({part})" for part in sums) + "'"
