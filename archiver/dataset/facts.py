"""What is known of a generation, as fields: a name, a type, a meaning, and how it is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Generic, TypeVar

from archiver.dataset.example import AssetFile, Example
from archiver.domain.identity import AssetName
from archiver.domain.sidecar import Measured
from archiver.domain.timing import parse_timestamp, show_timestamp

Source = TypeVar("Source")
Cell = str | int | float | tuple[str, ...] | None


class Type(StrEnum):
    """What a field's cells are; any of them may be null."""

    TEXT = "text"
    INTEGER = "integer"
    """Within 64 bits."""
    SIZE = "bytes"
    """An integer, too."""
    NUMBER = "number"
    BOOLEAN = "boolean"
    MOMENT = "time"
    """A text, ISO 8601 in UTC, as in the sidecar."""
    TEXTS = "texts"
    JSON = "JSON"
    """A text that is JSON."""


# No slots: with them, `Field[Source](…)` fails in Python 3.11 (cpython#90562).
@dataclass(frozen=True)
class Field(Generic[Source]):
    """A column of a table."""

    name: str
    type: Type
    meaning: str
    read: Callable[[Source], Cell]


GENERATION: tuple[Field[Example], ...] = (
    Field("id", Type.TEXT, "the service's id", lambda one: one.id),
    Field("state", Type.TEXT, "what the service said: completed, failed", lambda one: one.state),
    Field("created_at", Type.MOMENT, "when the service made it", lambda one: _moment(one.created_at)),
    Field("archived_at", Type.MOMENT, "when it was archived", lambda one: _moment(one.archived_at)),
    Field("prompt", Type.TEXT, "what was asked for", lambda one: one.prompt),
    Field("aspect_ratio", Type.TEXT, "as asked for: 16:9", lambda one: one.aspect_ratio),
    Field("verification", Type.TEXT, "how its files stand, all together", lambda one: one.verification.value),
    Field("failure_reason", Type.TEXT, "why the service failed", lambda one: one.failure_reason),
    Field("tags", Type.TEXTS, "the manifest's tags", lambda one: one.tags),
)
"""What a sidecar says of a generation as a whole."""

FILE: tuple[Field[AssetFile], ...] = (
    Field("bytes", Type.SIZE, "size", lambda file: file.size),
    Field("sha256", Type.TEXT, "digest, in hexadecimal", lambda file: file.sha256),
    Field("media_type", Type.TEXT, "media type, by its bytes", lambda file: file.media_type),
    Field("status", Type.TEXT, "verified, mismatched or unverified", lambda file: file.status.value),
    Field("width", Type.INTEGER, "pixels as shown", lambda file: file.measured.width),
    Field("height", Type.INTEGER, "pixels as shown", lambda file: file.measured.height),
)
"""What is known of any file."""

MOVING: tuple[Field[AssetFile], ...] = (
    Field("duration", Type.NUMBER, "seconds", lambda file: file.measured.duration),
    Field("frame_rate", Type.NUMBER, "frames a second", lambda file: _rate(file.measured)),
    Field("frames", Type.INTEGER, "number of frames", lambda file: file.measured.frames),
    Field("codec", Type.TEXT, "h264, hevc", lambda file: file.measured.codec),
)
"""What is known of a video besides."""

_OF_A_CLIP = ("width", "height", "duration", "frame_rate", "frames", "codec", "bytes", "sha256")


ORIGINAL = "original_"
"""Stands before the names of what the archive measured where clips are changed on their way."""


def asset_status(name: AssetName) -> Callable[[Example], str | None]:
    """Return what reads how an asset stands; one without a file has no status."""
    return lambda one: file.status.value if (file := one.assets.get(name)) else None


def asset_facts(name: AssetName) -> tuple[Field[Example], ...]:
    """Return the fields of one asset, its path first; all are null where it has no file."""

    def path(one: Example) -> str | None:
        return f"{one.folder}/{file.name}" if (file := one.assets.get(name)) else None

    known = FILE + (MOVING if name.is_video else ())
    return (
        Field(f"{name}_path", Type.TEXT, f"{name}: its place in the archive", path),
        *(_of(name, f"{name}_{field.name}", field, lambda one: one.assets.get(name)) for field in known),
    )


def _of(
    whose: str, name: str, field: Field[AssetFile], find: Callable[[Example], AssetFile | None]
) -> Field[Example]:
    def value(one: Example) -> Cell:
        file = find(one)
        return field.read(file) if file else None

    return Field(name, field.type, f"{whose}: {field.meaning}", value)


def _moment(text: str | None) -> str | None:
    moment = parse_timestamp(text) if text else None
    return show_timestamp(moment) if moment else None


def _rate(measured: Measured) -> float | None:
    try:
        return float(Fraction(measured.frame_rate or ""))
    except (ValueError, ArithmeticError):
        return None


_BY_NAME = {field.name: field for field in FILE + MOVING}

CLIP: tuple[Field[Example], ...] = tuple(
    _of("the clip", name, _BY_NAME[name], lambda one: one.video) for name in _OF_A_CLIP
)
"""The same of a generation's clip: of `video`, or of `video_raw` where there is no other."""
