"""What ended the program before its work could, as one line and an exit code."""

from __future__ import annotations

import signal
import traceback

import click

from archiver.cli.text import clean
from archiver.domain.errors import RunError
from archiver.domain.identity import ApiKey

_USAGE = 2


def explain(error: BaseException) -> tuple[str, int]:
    """Return the line for a person, empty where there is nothing to say, and the exit code."""
    match error:
        case click.Abort() | KeyboardInterrupt():
            answer = "", 128 + signal.SIGINT
        case click.UsageError():
            answer = _usage(error), _USAGE
        case RunError():
            answer = error.message, error.exit_code
        case _:
            answer = _unexpected(error), 1
    return clean(answer[0]), answer[1]


def trace(error: Exception, key: ApiKey | None) -> list[str]:
    """Return the lines of an error's traceback, safe to show and without the key."""
    text = "".join(traceback.format_exception(error))
    return [clean(line) for line in (key.redact(text) if key else text).splitlines()]


def conceal(error: Exception, key: ApiKey | None) -> Exception:
    """Return an error that does not show the key: a library may quote what it was given."""
    message, exit_code = explain(error)
    if key is None or key.redact(message) == message:
        return error
    concealed = RunError(key.redact(message))
    concealed.exit_code = exit_code
    return concealed


def _usage(error: click.UsageError) -> str:
    path = f"{error.ctx.command_path} --help" if error.ctx else "luma-archiver --help"
    return f"{error.format_message().rstrip('.')} (see {path})"


def _unexpected(error: BaseException) -> str:
    """Return the words for a fault of the program itself; a task group's is that of its first member."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}. This is a fault of the program: --verbose shows where"
