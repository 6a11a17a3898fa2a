"""How films are changed: the filters that do it, and whether a film is long enough for what is asked."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from archiver.domain.checks import DURATION_TOLERANCE_S
from archiver.media.filming import FilmError

# The largest denominator of a frame rate that is in use: 30000/1001 (SMPTE ST 12-1).
_RATE_DENOMINATOR = 1001
# Rounded alike on every processor.
_SCALER = "flags=bicubic+accurate_rnd+bitexact+full_chroma_int"


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What is done to a film, in this order; what is unset is left as it is."""

    begin_s: float | None = None
    end_s: float | None = None
    """Frames whose moments lie from `begin_s` up to `end_s`, this one excluded."""
    fps: float | None = None
    """Frames a second: each is the one that is shown at its moment."""
    is_cropped: bool = False
    """Cut to the square in the middle."""
    resize: int | None = None
    """The shorter side in pixels, even; the other side keeps the shape, and is even, too."""

    @property
    def is_clipped(self) -> bool:
        """True where only a part of the film is wanted."""
        return self.begin_s is not None or self.end_s is not None

    @property
    def part(self) -> str:
        """The part of the film that is wanted, for people."""
        return f"{self.begin_s or 0:g} s to " + ("its end" if self.end_s is None else f"{self.end_s:g} s")


def time_filters(changes: Changes) -> list[str]:
    """Return the filters that decide which frames there are."""
    filters = [f"trim={_range(changes)}", "setpts=PTS-STARTPTS"] if changes.is_clipped else []
    if changes.fps is not None:
        rate = Fraction(changes.fps).limit_denominator(_RATE_DENOMINATOR)
        # In microseconds, and one of Matroska's rounded milliseconds early. Rounded up then: the last frame
        # that begins at a moment or before it is the one that is shown.
        filters += ["settb=AVTB", "setpts=PTS-STARTPTS-1000", f"fps={rate}:round=up:start_time=0"]
    return filters


def picture_filters(changes: Changes) -> list[str]:
    """Return the filters that decide how each frame looks: square pixels, and even sides, in any case.

    H.264 with halved chroma has even sides alone.
    """
    filters = [f"scale=w='max(2,round(iw*sar))':h=ih:{_SCALER}", "setsar=1"]
    if changes.is_cropped:
        filters.append("crop='min(iw,ih)':'min(iw,ih)'")
    if changes.resize is None:
        filters.append("crop='trunc(iw/2)*2':'trunc(ih/2)*2'")
    else:
        side = changes.resize
        width = f"if(gt(iw,ih),2*round({side}*iw/ih/2),{side})"
        height = f"if(gt(iw,ih),{side},2*round({side}*ih/iw/2))"
        # Sides that were made even change the shape by a hair: the pixels stay square all the same.
        filters += [f"scale=w='{width}':h='{height}':{_SCALER}", "setsar=1"]
    return filters


def sound_filters(changes: Changes) -> list[str]:
    """Return the filters for the sound."""
    return [f"atrim={_range(changes)}", "asetpts=PTS-STARTPTS"] if changes.is_clipped else []


def check_length(changes: Changes, found_s: float, frame_s: float) -> None:
    """Raise `FilmError` where a part is shorter than asked for by more than a frame, as checks have it."""
    wanted_s = 0.0 if changes.end_s is None else changes.end_s - (changes.begin_s or 0)
    # A microsecond more, for rounded moments.
    if wanted_s - found_s > max(DURATION_TOLERANCE_S, frame_s) + 1e-6:
        ends_s = found_s + (changes.begin_s or 0)
        msg = f"{changes.part} is not all in the film, which ends at {ends_s:g} s: choose a part that is"
        raise FilmError(msg)


def _range(changes: Changes) -> str:
    end = "" if changes.end_s is None else f":end={changes.end_s:.6f}"
    return f"start={changes.begin_s or 0:.6f}{end}"
