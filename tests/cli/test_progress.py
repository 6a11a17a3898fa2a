"""The bars, drawn on a real pseudo-terminal."""

from __future__ import annotations

import fcntl
import os
import re
import struct
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from archiver.cli.progress import Bars
from archiver.domain.events import AssetStarted, BytesReceived
from archiver.domain.identity import AssetName
from archiver.domain.outcome import Outcome
from tests.cli.samples import ID, finished, report

_BELL = "\a"


@contextmanager
def _terminal(columns: int) -> Iterator[tuple[TextIO, int]]:
    """Open a terminal; give the stream that programs write to and the end that shows it."""
    shown, used = os.openpty()
    _resize(used, columns)
    with os.fdopen(used, "w") as stream:
        yield stream, shown
    os.close(shown)


def _resize(terminal: int, columns: int) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))


def _screen(stream: TextIO, shown: int) -> str:
    """Return what was drawn since the last look: up to a bell that is rung now."""
    print(_BELL, end="", file=stream, flush=True)
    drawn = ""
    while not drawn.endswith(_BELL):
        drawn += os.read(shown, 1_000_000).decode(errors="replace")
    return drawn.removesuffix(_BELL)


def _lines(drawn: str) -> list[str]:
    """Return the lines in the order they were drawn, also one over the other."""
    return re.split(r"[\r\n]|\x1b\[A", drawn)


def test_one_bar_counts_generations_and_one_bytes() -> None:
    """A body that begins again is expected once; the bytes never come to more than all of them."""
    with _terminal(100) as (stream, shown):
        bars = Bars(stream, 3)
        bars(AssetStarted(ID, AssetName.VIDEO, 5_000_000, 1_000_000))
        bars(AssetStarted(ID, AssetName.VIDEO, 5_000_000, 2_000_000))
        bars(BytesReceived(1_000_000))
        bars(finished(Outcome.ARCHIVED))
        _screen(stream, shown)
        bars.above(lambda _: None, stream)("")
        drawn = _screen(stream, shown)
        assert "generations: 1/3" in drawn
        assert "bytes: 1.00M/4.00M" in drawn
        assert re.search(r"B/s, [\d:?]+ left", drawn)
        bars(BytesReceived(9_000_000))
        bars.above(lambda _: None, stream)("")
        assert "bytes: 10.0M/10.0M" in _screen(stream, shown)
        bars.finish(report())


def test_messages_stand_above_the_bars_and_the_end_leaves_only_them() -> None:
    """The last thing drawn over each bar's line is nothing."""
    with _terminal(100) as (stream, shown):
        bars = Bars(stream, None)
        write = bars.above(lambda line: print(line, file=stream), stream)
        write("archived it")
        drawn = _screen(stream, shown)
        before, message, after = drawn.partition("archived it\r\n")
        assert message
        assert [line.strip() for line in _lines(before)[-2:]] == ["", ""]
        assert "generations: 0 done" in after
        bars.close()
        assert [line.strip() for line in _lines(_screen(stream, shown))[-2:]] == ["", ""]


def test_the_bars_follow_the_windows_width() -> None:
    """A line longer than the window would break and leave half bars behind."""
    with _terminal(120) as (stream, shown):
        bars = Bars(stream, 3)
        _screen(stream, shown)
        for columns in (120, 50):
            _resize(stream.fileno(), columns)
            bars.above(lambda _: None, stream)("")
            lines = [line for line in _lines(_screen(stream, shown)) if "|" in line]
            assert lines
            assert all(columns - 3 <= len(line) <= columns for line in lines)
        bars.close()


def test_a_terminal_that_went_away_is_no_error_of_the_run() -> None:
    """The connection of a remote session breaks; the archive goes on, and so do results that go to a file."""
    reading, writing = os.pipe()
    told: list[str] = []
    with os.fdopen(writing, "w") as stream:
        bars = Bars(stream, 3)
        os.close(reading)
        for _ in range(3):
            bars(finished(Outcome.ARCHIVED))
        bars.above(told.append, stream)("x")
        bars.close()
        assert told == ["x"]
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
