"""The user's API key: from a file, a command or LUMA_API_KEY; never from the command line itself."""

from __future__ import annotations

import os
import shlex
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

from click.core import ParameterSource

from archiver.cli.given import PRECEDENCE, Given
from archiver.cli.paths import parse_path
from archiver.domain.errors import UsageError
from archiver.domain.identity import ApiKey

VARIABLE = "LUMA_API_KEY"
# A password manager may ask for a passphrase first.
_COMMAND_TIME_LIMIT_S = 60
_LONGEST_KEY_BYTES = 8192
_BY_OTHERS = stat.S_IRGRP | stat.S_IROTH


def read_key(given: Given, warn: Callable[[str], None]) -> ApiKey | None:
    """Return the key from the place that counts most, or None where no place is named.

    Where two count the same, the variable goes before the file and the file before the command.
    Raises `click.UsageError`.
    """
    for source in PRECEDENCE:
        if source is ParameterSource.ENVIRONMENT and os.environ.get(VARIABLE):
            return _from_variable()
        if given.source("api_key_file") is source:
            return given.maybe("api_key_file", lambda path: _from_file(parse_path(path), warn))
        if given.source("api_key_command") is source:
            return given.maybe("api_key_command", _from_command)
    return None


def key_origin(given: Given) -> str | None:
    """Return where `read_key` would take the key from, in words; None where no place is named."""
    for source in PRECEDENCE:
        if source is ParameterSource.ENVIRONMENT and os.environ.get(VARIABLE):
            return VARIABLE
        for name in ("api_key_file", "api_key_command"):
            if given.source(name) is source:
                return given.origin(name)
    return None


def _from_variable() -> ApiKey:
    return _parse(os.environ[VARIABLE], VARIABLE)


def _from_file(path: Path, warn: Callable[[str], None]) -> ApiKey:
    try:
        with path.open("rb") as file:
            if os.name == "posix" and os.fstat(file.fileno()).st_mode & _BY_OTHERS:
                warn(f"{path}: others can read the key in it: chmod 600 it")
            data = file.read(_LONGEST_KEY_BYTES)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        msg = f"{path}: cannot be read: {reason}"
        raise UsageError(msg) from error
    return _parse(data.decode(errors="replace"), str(path))


def _from_command(text: str) -> ApiKey:
    try:
        command = shlex.split(text)
    except ValueError as error:
        msg = f"cannot be split into words: {error}"
        raise UsageError(msg) from error
    if not command:
        msg = "names no command"
        raise UsageError(msg)
    return _parse(_run(command), command[0])


def _run(command: list[str]) -> str:
    name = command[0]
    try:
        # Standard input may be the manifest; what the command says on standard error is for the user.
        done = subprocess.run(  # noqa: S603 - the user's own command, and no shell
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            timeout=_COMMAND_TIME_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        msg = f"{name} printed no key within {_COMMAND_TIME_LIMIT_S} s"
        raise UsageError(msg) from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        msg = f"{name} cannot be run: {reason}"
        raise UsageError(msg) from error
    if done.returncode:
        msg = f"{name} ended with exit code {done.returncode}"
        raise UsageError(msg)
    return done.stdout.decode(errors="replace")


def _parse(text: str, place: str) -> ApiKey:
    """Return the key in `text`, which must fit into a header as it is. Never shows any of it."""
    key = text.strip()
    if not key:
        msg = f"{place} holds no key"
        raise UsageError(msg)
    if len(key.splitlines()) > 1:
        msg = f"{place} holds more than one line: a key is one"
        raise UsageError(msg)
    if not (key.isascii() and key.isprintable() and " " not in key):
        msg = f"{place} holds characters that no key has: only ASCII letters, digits and signs are allowed"
        raise UsageError(msg)
    return ApiKey(key)
