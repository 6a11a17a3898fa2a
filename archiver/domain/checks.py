"""Whether what was measured is what was promised. One function a rule of the contract's table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from msgspec import Struct

from archiver.domain.generation import Promise
from archiver.domain.identity import AssetName

Value = int | float | str | None

# Half of the contract's two tolerances; the other is one frame.
DURATION_TOLERANCE_S = 0.05
# The mean absolute difference, of 255, up to which two 5x5 palettes are alike. The service's own
# example pictures are resampled and recompressed; averages of other pictures differ by 40 and more.
PALETTE_TOLERANCE = 12.0
# Structural similarity (Wang et al. 2004) of two scaled pictures from which they are the same frame. Measured
# on the demo's nine clips: JPEGs of the last frame have 0.99 and more, of the frame half a second before it
# 0.95 and less (tests/media/test_last_frame.py holds it to the like).
SIMILARITY_THRESHOLD = 0.96


class MediaKind(Enum):
    """What bytes are; the value is (extension, MIME type)."""

    JPEG = ("jpg", "image/jpeg")
    PNG = ("png", "image/png")
    WEBP = ("webp", "image/webp")
    AVIF = ("avif", "image/avif")
    GIF = ("gif", "image/gif")
    MP4 = ("mp4", "video/mp4")
    MOV = ("mov", "video/quicktime")
    WEBM = ("webm", "video/webm")
    MATROSKA = ("mkv", "video/x-matroska")

    @property
    def extension(self) -> str:
        """The file name's ending, without a dot."""
        return self.value[0]

    @property
    def media_type(self) -> str:
        """The MIME type."""
        return self.value[1]

    @property
    def is_video(self) -> bool:
        """True for containers of moving pictures."""
        return self.media_type.startswith("video/")


class Check(Struct, frozen=True, kw_only=True):
    """One rule held against one asset; an advisory one is reported and never a mismatch."""

    name: str
    ok: bool
    expected: Value = None
    measured: Value = None
    advisory: bool = False

    @property
    def difference(self) -> str:
        """What was found and what was promised, in words."""
        return f"{self.name} is {self.measured}, promised {self.expected}"


def first_mismatch(checks: Iterable[Check]) -> Check | None:
    """Return the first check that makes an asset a mismatch, or None: advisory ones never do."""
    return next((check for check in checks if not check.ok and not check.advisory), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """What is in a media file: pixels as shown (rotation applied), seconds, a picture's own 5x5 palette."""

    kind: MediaKind
    width: int
    height: int
    duration_s: float | None = None
    codec: str | None = None
    frame_rate: str | None = None
    frames: int | None = None
    palette: bytes | None = None

    @property
    def frame_s(self) -> float:
        """How long a frame is shown; 0 where that is unknown."""
        numerator, _, denominator = (self.frame_rate or "0/1").partition("/")
        return int(denominator or 1) / int(numerator) if int(numerator) else 0.0


@dataclass(frozen=True, slots=True)
class Damaged:
    """Media of a kind that could not be read whole, and why."""

    kind: MediaKind
    reason: str


@dataclass(frozen=True, slots=True)
class NotMedia:
    """Bytes that are not media at all, and what they are instead."""

    reason: str


Inspection = Measurement | Damaged | NotMedia


def check_asset(
    name: AssetName, promises: Mapping[AssetName, Promise], inspection: Measurement | Damaged
) -> tuple[Check, ...]:
    """Hold an asset against its promise; `video` without a duration is held to `video_raw`'s."""
    promise, container = promises[name], _container(name, inspection)
    raw = promises.get(AssetName.VIDEO_RAW)
    if isinstance(inspection, Damaged) or not container.ok:
        return (container,)
    duration_s = promise.duration_s if promise.duration_s is not None or raw is None else raw.duration_s
    found = (
        container,
        _side("width", promise.width, inspection.width),
        _side("height", promise.height, inspection.height),
        _duration(duration_s, inspection) if name.is_video else None,
        _palette(promise.palette, inspection.palette) if name is AssetName.THUMBNAIL else None,
    )
    return tuple(check for check in found if check)


def check_decode(error: str | None) -> Check:
    """Return the check that every frame decodes; `error` is the decoder's first complaint."""
    return Check(name="decode", ok=error is None, expected="no error", measured=error or "no error")


def check_last_frame(similarity: float | None) -> Check:
    """Return the check that the picture is the video's last frame; None where it could not be compared."""
    measured = None if similarity is None else round(similarity, 4)
    is_same = similarity is not None and similarity >= SIMILARITY_THRESHOLD
    return Check(
        name="last_frame", ok=is_same, expected=SIMILARITY_THRESHOLD, measured=measured, advisory=True
    )


def palette_distance(one: bytes, other: bytes) -> float:
    """Return the mean absolute difference of two palettes, 0 to 255."""
    return sum(abs(a - b) for a, b in zip(one, other, strict=True)) / len(one)


def _container(name: AssetName, inspection: Measurement | Damaged) -> Check:
    wanted = "video" if name.is_video else "image"
    found = inspection.kind.media_type
    if isinstance(inspection, Damaged):
        return Check(name="container", ok=False, expected=wanted, measured=f"{found}: {inspection.reason}")
    return Check(name="container", ok=found.startswith(wanted), expected=wanted, measured=found)


def _side(name: str, promised: int | None, measured: int) -> Check | None:
    if promised is None:
        return None
    return Check(name=name, ok=promised == measured, expected=promised, measured=measured)


def _duration(promised_s: float | None, found: Measurement) -> Check | None:
    if promised_s is None:
        return None
    if found.duration_s is None:
        return Check(name="duration", ok=False, expected=promised_s)
    tolerance_s = max(DURATION_TOLERANCE_S, found.frame_s)
    # A microsecond more: metadata are rounded to six digits.
    is_close = abs(promised_s - found.duration_s) <= tolerance_s + 1e-6
    return Check(name="duration", ok=is_close, expected=promised_s, measured=round(found.duration_s, 6))


def _palette(promised: bytes | None, measured: bytes | None) -> Check | None:
    if promised is None or measured is None:
        return None
    distance = round(palette_distance(promised, measured), 2)
    is_close = distance <= PALETTE_TOLERANCE
    return Check(name="palette", ok=is_close, expected=PALETTE_TOLERANCE, measured=distance, advisory=True)
