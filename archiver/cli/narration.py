"""A run told to a person: results on standard output, all else on standard error."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from archiver.cli.settings import Display
from archiver.cli.text import paint
from archiver.cli.wording import Kind, Line, describe, describe_end, summarize
from archiver.domain.events import Event, GenerationFinished, GenerationPlanned, GenerationWaiting
from archiver.domain.identity import GenerationId
from archiver.domain.outcome import Outcome, RunReport
from archiver.domain.quantity import show_size

_COLOUR = "red"
# Where the service is down, ten thousand generations say the same: a screen, or a mail, is for people.
SHOWN_PROBLEMS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Sinks:
    """Where lines go."""

    out: Callable[[str], None]
    err: Callable[[str], None]
    colour: bool = False


class Narration:
    """Tells what happens as far as the display's options want it told."""

    def __init__(self, sinks: Sinks, display: Display) -> None:
        self._sinks = sinks
        self._display = display
        self._waiting: set[GenerationId] = set()
        self._plan = _Plan()
        self._problems = 0

    def __call__(self, event: Event) -> None:
        """Tell of one event."""
        if isinstance(event, GenerationPlanned):
            self._plan.add(event)
        if self._is_detail(event):
            return
        is_repeated = self._note_wait(event)
        line = describe(event)
        if line and not is_repeated and self._count_problem(line):
            self._tell(line)

    def finish(self, report: RunReport) -> None:
        """Tell how the run ended."""
        if self._problems > SHOWN_PROBLEMS and not self._display.verbose:
            rest = self._problems - SHOWN_PROBLEMS
            self._sinks.err(f"… and {rest} more problems: --verbose shows and --log-file has them all")
        if report.tally.planned:
            self._tell(Line(Kind.RESULT, self._plan.show()))
        self._tell(Line(Kind.RESULT, summarize(report)))
        for line in describe_end(report):
            self._tell(line)

    def _is_detail(self, event: Event) -> bool:
        """Tell whether nobody asked for it: on a night with nothing to do all are of this kind."""
        return (
            not self._display.verbose
            and isinstance(event, GenerationFinished)
            and event.result.outcome is Outcome.UNCHANGED
        )

    def _note_wait(self, event: Event) -> bool:
        """Take note of a wait; tell whether it was told of before: only the first question is news."""
        if isinstance(event, GenerationFinished):
            self._waiting.discard(event.result.id)
        if not isinstance(event, GenerationWaiting) or self._display.verbose:
            return False
        is_known = event.id in self._waiting
        self._waiting.add(event.id)
        return is_known

    def _count_problem(self, line: Line) -> bool:
        """Count it, if it is one; tell whether it is among those that are shown."""
        if line.kind is not Kind.PROBLEM:
            return True
        self._problems += 1
        return self._problems <= SHOWN_PROBLEMS or self._display.verbose

    def _tell(self, line: Line) -> None:
        display = self._display
        match line.kind:
            case Kind.PROBLEM:
                word, space, rest = line.text.partition(" ")
                self._sinks.err(paint(word, _COLOUR, wanted=self._sinks.colour) + space + rest)
            case Kind.RESULT if not (display.quiet or display.json):
                self._sinks.out(line.text)
            case Kind.NOTICE if not display.quiet:
                self._sinks.err(line.text)
            case Kind.DETAIL if display.verbose:
                self._sinks.err(line.text)
            case _:
                pass


@dataclass(slots=True)
class _Plan:
    """What a dry run has found that there is to fetch."""

    files: int = 0
    size: int = 0
    of_unknown_size: int = 0

    def add(self, event: GenerationPlanned) -> None:
        self.files += sum(size != 0 for size in event.assets.values())
        self.size += sum(size for size in event.assets.values() if size is not None)
        self.of_unknown_size += sum(size is None for size in event.assets.values())

    def show(self) -> str:
        files = f"{self.files} {'file' if self.files == 1 else 'files'}"
        unknown = f", not counting {self.of_unknown_size} of unknown size" if self.of_unknown_size else ""
        return f"dry run: {files} to fetch, {show_size(self.size)}{unknown}"
