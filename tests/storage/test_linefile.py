"""Lines that are appended: whole or not there, from either end."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.domain.errors import ArchiveError
from archiver.storage.linefile import LineFile

_LINES = st.lists(st.binary(max_size=70_000).map(lambda data: data.replace(b"\n", b" ")), max_size=8)


@pytest.fixture
def file(tmp_path: Path) -> LineFile:
    """Return a file that is not there yet."""
    return LineFile(tmp_path, "lines.jsonl")


@given(lines=_LINES, torn=st.binary(max_size=100_000).map(lambda data: data.replace(b"\n", b" ")))
def test_whole_lines_are_read_from_either_end(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], torn: bytes
) -> None:
    """Whatever their lengths, and whatever was cut short behind them."""
    root = tmp_path_factory.mktemp("root")
    file = LineFile(root, "lines.jsonl")
    file.append(lines)
    path = root / file.name
    path.write_bytes(path.read_bytes() + torn)
    assert list(file.lines()) == lines
    assert list(file.lines_backwards()) == lines[::-1]
    file.append([b"next"])
    assert list(file.lines()) == [*lines, b"next"]


def test_a_file_that_is_not_there_has_no_lines(file: LineFile) -> None:
    """The first run is no special case."""
    assert (list(file.lines()), list(file.lines_backwards()), file.size) == ([], [], 0)


def test_nothing_is_written_through_a_link(tmp_path: Path, file: LineFile) -> None:
    """Whoever can write into the archive must not make us write elsewhere."""
    (tmp_path / "elsewhere").write_bytes(b"kept\n")
    (tmp_path / file.name).symlink_to("elsewhere")
    with pytest.raises(ArchiveError, match="symbolic link"):
        file.append([b"line"])
    assert (tmp_path / "elsewhere").read_bytes() == b"kept\n"


def test_replacing_leaves_nothing_beside_the_file(tmp_path: Path, file: LineFile) -> None:
    """In one step, and without a trace."""
    file.append([b"one", b"two"])
    file.replace([b"three"])
    assert list(file.lines()) == [b"three"]
    assert [path.name for path in tmp_path.iterdir()] == [file.name]
