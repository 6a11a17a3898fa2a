"""What a contact sheet says of a generation, and how its pages are divided. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from archiver.dataset.example import Example
from archiver.dataset.options import SelectionOptions
from archiver.domain.generation import State
from archiver.domain.sidecar import AssetStatus, Verification
from archiver.media.sheet import Grid

# A page of upright films would be very long, one of panoramas very short: those get margins.
_NARROWEST, _USUAL, _WIDEST = 3 / 4, 16 / 9, 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetOptions:
    """Which generations, how pages are divided; `frames` are stills of the clip in the thumbnail's place."""

    selection: SelectionOptions
    columns: int = 6
    rows: int = 5
    frames: int | None = None

    @property
    def per_page(self) -> int:
        """How many generations a page has."""
        return self.columns * self.rows


def in_order(examples: Iterable[Example]) -> list[Example]:
    """Return examples as they are shown, the newest first; what has no date comes last."""
    return sorted(examples, key=lambda one: (one.created_at or "", one.id), reverse=True)


def grid_of(options: SheetOptions, examples: Sequence[Example]) -> Grid:
    """Return the grid whose boxes have the shape that most of these examples have."""
    shapes = [shape for one in examples if (shape := _shape(one))]
    shape = min(max(median(shapes), _NARROWEST), _WIDEST) if shapes else _USUAL
    return Grid(columns=options.columns, rows=options.rows, shape=shape)


def mark_of(example: Example) -> str | None:
    """Return the word for what is wrong with a generation, or None."""
    if example.state == State.FAILED:
        return "FAILED"
    if example.verification in {Verification.MISMATCHED, Verification.INCOMPLETE}:
        return example.verification.upper()
    return None


def note_of(example: Example) -> str:
    """Return in a few words how a generation stands, and, where nothing is wrong, what its clip is."""
    return " · ".join([_standing(example), *([] if mark_of(example) else _facts(example))])


def blank_of(example: Example) -> str | None:
    """Return why a generation has nothing to show, or None."""
    if example.state == State.FAILED:
        return example.failure_reason or "it failed at the service, which did not say why"
    if not example.assets:
        return "it has no files"
    return None


def _standing(example: Example) -> str:
    if example.state != State.COMPLETED:
        return example.state
    wrong = [name for name, file in example.assets.items() if file.status is AssetStatus.MISMATCHED]
    if example.verification is Verification.MISMATCHED and wrong:
        return f"mismatched: {', '.join(wrong)}"
    return example.verification.value


def _facts(example: Example) -> list[str]:
    file = example.video or next(iter(example.assets.values()), None)
    if file is None:
        return []
    found = file.measured
    size = f"{found.width}x{found.height}" if found.width and found.height else None
    length = f"{found.duration:.2f} s" if found.duration is not None else None
    return [fact for fact in (size, length) if fact]


def _shape(example: Example) -> float | None:
    file = example.video or next(iter(example.assets.values()), None)
    if file is None or not file.measured.width or not file.measured.height:
        return None
    return file.measured.width / file.measured.height
