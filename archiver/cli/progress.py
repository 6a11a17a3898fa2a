"""Progress on a terminal: a bar for generations, a bar for bytes, and every message above them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import Never, TextIO

from tqdm import tqdm

from archiver.domain.events import (
    AssetStarted,
    AuditBegan,
    BytesReceived,
    Event,
    GenerationAudited,
    GenerationFinished,
    GenerationPlanned,
)
from archiver.domain.identity import AssetName, GenerationId
from archiver.domain.outcome import RunReport

_KNOWN_TOTAL = "{desc}: {n_fmt}/{total_fmt} |{bar}| {elapsed}"
_UNKNOWN_TOTAL = "{desc}: {n_fmt} done, {elapsed}"
_BYTES = "{desc}: {n_fmt}/{total_fmt} |{bar}| {rate_fmt}, {remaining} left"


class Bars:
    """The two bars. How many bytes are to come is known only of the bodies that have begun."""

    def __init__(self, stream: TextIO, generations: int | None) -> None:
        # `dynamic_ncols` asks for the width at every drawing: the window may be resized.
        self._generations: tqdm[Never] = tqdm(
            desc="generations",
            total=generations,
            bar_format=_UNKNOWN_TOTAL if generations is None else _KNOWN_TOTAL,
            file=stream,
            position=0,
            dynamic_ncols=True,
            leave=False,
        )
        self._bytes: tqdm[Never] = tqdm(
            desc="bytes",
            total=0,
            bar_format=_BYTES,
            unit="B",
            unit_scale=True,
            file=stream,
            position=1,
            dynamic_ncols=True,
            leave=False,
        )
        self._begun: set[tuple[GenerationId, AssetName]] = set()

    def __call__(self, event: Event) -> None:
        """Move the bars; a terminal that went away is no error of the run."""
        with suppress(OSError):
            self._move(event)

    def finish(self, _report: RunReport) -> None:
        """Take the bars away: the summary follows."""
        self.close()

    def close(self) -> None:
        """Take the bars away."""
        with suppress(OSError):
            self._bytes.close()
            self._generations.close()

    def above(self, write: Callable[[str], None], stream: TextIO | None) -> Callable[[str], None]:
        """Return `write`, which writes to `stream`, so that its lines stand above the bars."""

        def write_above(line: str) -> None:
            with suppress(OSError), ExitStack() as bars_away:
                # Where they cannot be cleared the line is written all the same: it may go to a file.
                with suppress(OSError):
                    bars_away.enter_context(tqdm.external_write_mode(file=stream))
                write(line)

        return write_above

    def _move(self, event: Event) -> None:
        match event:
            case AssetStarted():
                self._expect(event)
            case BytesReceived(count):
                self._bytes.total = max(self._bytes.total or 0, self._bytes.n + count)
                self._bytes.update(count)
            case GenerationFinished(result):
                self._begun.difference_update((result.id, asset) for asset in AssetName)
                self._generations.update()
            case GenerationPlanned():
                self._generations.update()
            case AuditBegan(generations, size):
                self._generations.bar_format = _KNOWN_TOTAL
                self._generations.total, self._bytes.total = generations, size
            case GenerationAudited(_, size):
                self._bytes.total = max(self._bytes.total or 0, self._bytes.n + size)
                self._bytes.update(size)
                self._generations.update()
            case _:
                pass

    def _expect(self, event: AssetStarted) -> None:
        """Count a body's missing bytes once: it begins again whenever it broke off."""
        body = (event.id, event.asset)
        if event.total is not None and body not in self._begun:
            self._bytes.total = (self._bytes.total or 0) + event.total - event.held
            self._begun.add(body)
