"""A changed copy of a film: H.264 in MP4, its sound in AAC. The same ffmpeg writes the same bytes again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import ffmpeg

from archiver.domain.checks import Measurement, MediaKind
from archiver.media.changes import Changes, check_length, picture_filters, sound_filters, time_filters
from archiver.media.ffmpeg import frame_timing
from archiver.media.filming import FilmError, run_on_film
from archiver.media.invocation import FILM, INPUT
from archiver.media.video import inspect_video

ENCODING: Mapping[str, Any] = {
    "vcodec": "libx264",
    # Half the bytes of `ultrafast`; about those of `medium`, in half its time.
    "preset": "veryfast",
    # Losses that nobody sees (FFmpeg's H.264 guide: 17 or 18 is visually lossless).
    "crf": 18,
    # With B-frames an edit list moves the first frame's moment, which not every loader reads; and the
    # duration that MP4 states of a film with uneven frames is too short.
    "bf": 0,
    "pix_fmt": "yuv420p",
    # x264 chooses no algorithm by the processor that it finds.
    "x264-params": "cpu-independent=1",
    # Copied sound could be cut between its packets alone.
    "acodec": "aac",
    "audio_bitrate": "128k",
    "movflags": "+faststart",
    "fflags": "+bitexact",
    "flags": "+bitexact",
    "threads": 1,
}
"""How films are encoded, as ffmpeg's options."""
# Subtitles, data, tags and chapters would be from before the change.
_LEFT_OUT: Mapping[str, Any] = {"sn": None, "dn": None, "map_metadata": -1, "map_chapters": -1}


def transcode(source: BinaryIO, target: Path, changes: Changes) -> Measurement:
    """Write a film, open as `source`, with its changes to `target`; return what that holds.

    Sides are as shown: a rotation is applied. Every frame within the changes' range must decode, or there is
    no film: raises `FilmError`, also for a range outside of it; `DiskFullError`, `UsageError`,
    `RunInterruptedError`.
    """
    filters = {"vf": ",".join(time_filters(changes) + picture_filters(changes))}
    if sound := sound_filters(changes):
        filters["af"] = ",".join(sound)
    output = ffmpeg.input(FILM, err_detect="explode", **INPUT).output(
        f"file:{target.name}", format="mp4", **filters, **frame_timing("vfr"), **_LEFT_OUT, **ENCODING
    )
    run_on_film(output.global_args("-xerror"), source, target.parent)
    return _checked(target, changes)


def _checked(target: Path, changes: Changes) -> Measurement:
    found = inspect_video(target, MediaKind.MP4)
    if not isinstance(found, Measurement):
        msg = f"no frame of the film lies in {changes.part}" if changes.is_clipped else "it has no frames"
        raise FilmError(msg)
    check_length(changes, found.duration_s or 0, found.frame_s)
    return found
