"""Writing to a reader that may go away."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from archiver.cli.streams import LineStream


def test_a_line_is_there_as_soon_as_it_is_written() -> None:
    """A program at the other end of the pipe acts on each."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as stream, os.fdopen(reading) as reader:
        LineStream(stream).write("one")
        assert reader.readline() == "one\n"


def test_after_the_reader_went_away_nothing_is_written_and_it_is_told_once() -> None:
    """`| head -1`: the run is asked to end; neither it nor the interpreter's end fails."""
    reading, writing = os.pipe()
    broken: list[OSError] = []
    with os.fdopen(writing, "w") as stream:
        lines = LineStream(stream, broken.append)
        os.close(reading)
        lines.write("one")
        lines.write("two")
    assert [type(error) for error in broken] == [BrokenPipeError]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_told_too() -> None:
    """Results that cannot be written must not look like results that were."""
    broken: list[OSError] = []
    with Path("/dev/full").open("w") as stream:
        LineStream(stream, broken.append).write("one")
    assert [error.strerror for error in broken] == ["No space left on device"]


def test_without_a_stream_nothing_happens() -> None:
    """A daemon may be started with its output closed (`>&-`); nobody went away."""
    broken: list[OSError] = []
    LineStream(None, broken.append).write("one")
    assert broken == []


@pytest.mark.parametrize(("encoding", "written"), [(None, b"\\u732b\n"), ("utf-8", "猫\n".encode())])
def test_text_that_the_stream_cannot_encode_does_not_end_the_run(
    encoding: str | None, written: bytes
) -> None:
    """A terminal in Latin-1 shows an escape; JSON is UTF-8 everywhere."""
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="latin-1")
    LineStream(stream, encoding=encoding).write("猫")
    assert raw.getvalue() == written
