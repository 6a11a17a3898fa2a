"""Command lines parsed as the program parses them, up to the options of a run."""

from __future__ import annotations

import click

from archiver.assembly.options import Options
from archiver.cli.given import Given
from archiver.cli.main import cli
from archiver.cli.settings import Display, read_display, read_options


def given(*arguments: str, command: str = "get") -> Given:
    """Return what is given for `luma-archiver COMMAND an-id ARGUMENTS`."""
    parent = click.Context(cli, info_name="luma-archiver")
    context = cli.commands[command].make_context(command, ["an-id", *arguments], parent=parent)
    return Given(context)


def options(*arguments: str, command: str = "get") -> Options:
    """Return the options of that run. A warning is an error."""
    return read_options(given(*arguments, command=command), _refuse)


def display(*arguments: str) -> Display:
    """Return what that run prints."""
    return read_display(given(*arguments))


def _refuse(message: str) -> None:
    raise AssertionError(message)
