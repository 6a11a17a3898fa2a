"""The pieces of a dataset: each is one file, written aside, digested, and kept when a run breaks off."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from archiver.dataset.media import Media, MediaFile
from archiver.dataset.output import Output
from archiver.dataset.plan import Plan, Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class MadePiece:
    """A file whose bytes are made here: a shard, a table, a card. `path` is below DEST, with `/`.

    `write` leaves out, by `Media.lose`, samples whose files are damaged; `samples` are those it is about.
    """

    path: str
    samples: Sequence[Sample]
    write: Callable[[Output], None]
    needs_samples: bool = False
    """Not kept where all of its samples are lost: loaders fail on a shard without any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaPiece:
    """A file of a sample, taken over as it is: copied, or linked where that is asked for."""

    path: str
    sample: Sample
    file: MediaFile


Piece = MadePiece | MediaPiece


class Layout(Protocol):
    """A format: which pieces a plan comes to, and what must be true of what was written."""

    def pieces(self, plan: Plan, media: Media) -> Iterator[Piece]:
        """Give the pieces in a fixed order; each is asked for when those before it are written.

        So that metadata, given last, can leave out what was lost on the way. A piece that an earlier run
        wrote is asked for and not written again.
        """
        ...

    def lint(self, folder: Path, plan: Plan, kept: Mapping[str, Sequence[Sample]]) -> list[str]:
        """Look at what was written with the loaders' rules in mind; return what they would stumble on.

        `kept` are the samples by split that are in it.
        """
        ...
