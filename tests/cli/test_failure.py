"""The last place where an error is put into words."""

from __future__ import annotations

import click
import pytest

from archiver.cli.failure import explain
from archiver.domain.errors import ArchiveLockedError, UsageError


@pytest.mark.parametrize(
    ("error", "line", "exit_code"),
    [
        (click.UsageError("no such thing."), "no such thing (see luma-archiver --help)", 2),
        (UsageError("a\x1b[31m.txt: is a folder"), "a\\x1b[31m.txt: is a folder", 2),
        (ArchiveLockedError("another run holds it"), "another run holds it", 11),
        (KeyboardInterrupt(), "", 130),
        (click.Abort(), "", 130),
    ],
)
def test_expected_errors_say_what_they_say_and_no_more(
    error: BaseException, line: str, exit_code: int
) -> None:
    """The exit codes are the contract's."""
    assert explain(error) == (line, exit_code)


def test_a_fault_of_the_program_is_one_line_and_says_where_to_look() -> None:
    """A task group's message is that it has members: the member is named."""
    group = ExceptionGroup("unhandled errors", [ExceptionGroup("inner", [KeyError("x\ny")])])
    assert explain(group) == (
        "KeyError: 'x\\ny'. This is a fault of the program: --verbose shows where",
        1,
    )
