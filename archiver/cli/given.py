"""What was given for each option, as text, and where: command line, environment, `config.toml`, default."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import click
from click.core import ParameterSource

from archiver.cli.config import config_file
from archiver.cli.options import Setting
from archiver.domain.errors import ArchiverError

T = TypeVar("T")

PRECEDENCE = (ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT, ParameterSource.DEFAULT_MAP)
"""The places from which a setting comes, the one that counts most first."""


class Given:
    """The values of a command's settings. Every reading raises `click.UsageError` that names the origin."""

    def __init__(self, ctx: click.Context) -> None:
        self._ctx = ctx
        self._settings = {param.name: param for param in ctx.command.params if isinstance(param, Setting)}

    def flag(self, name: str) -> bool:
        """Return whether a flag is on."""
        return bool(self._ctx.params[name])

    def rivals(self, one: str, other: str) -> tuple[bool, bool]:
        """Return two flags of which one may be on: what counts more turns the other off.

        Raises `click.UsageError` where both were given in the same place.
        """
        first, second = self.flag(one), self.flag(other)
        if not (first and second):
            return first, second
        ranks = [PRECEDENCE.index(self.source(name)) for name in (one, other)]
        if ranks[0] == ranks[1]:
            msg = f"{self.origin(one)} and {self.origin(other)} exclude each other: give one of them"
            raise click.UsageError(msg, self._ctx)
        return ranks[0] < ranks[1], ranks[1] < ranks[0]

    def maybe(self, name: str, parse: Callable[[str], T]) -> T | None:
        """Return what `parse` makes of an option's text; None where there is no text."""
        text = self._ctx.params[name]
        if text is None:
            return None
        try:
            return parse(str(text))
        except ArchiverError as error:
            raise self.wrong(name, error.message) from error

    def value(self, name: str, parse: Callable[[str], T]) -> T:
        """Return what `parse` makes of an option's text, for an option that has a default."""
        value = self.maybe(name, parse)
        if value is None:
            raise self.wrong(name, "a value is needed")
        return value

    def source(self, name: str) -> ParameterSource:
        """Return where the option's value came from."""
        return self._ctx.get_parameter_source(name) or ParameterSource.DEFAULT

    def origin(self, name: str) -> str:
        """Return the same in words: `--wait`, `LUMA_ARCHIVER_WAIT`, or `FILE: wait`.

        An option that is no setting comes from the command line alone.
        """
        setting = self._settings.get(name)
        if setting is None:
            return f"--{name.replace('_', '-')}"
        match self.source(name):
            case ParameterSource.ENVIRONMENT:
                return str(setting.envvar)
            case ParameterSource.DEFAULT_MAP:
                return f"{config_file(self._ctx)}: {setting.key}"
            case _:
                return f"--{setting.key}"

    def wrong(self, name: str, reason: str) -> click.UsageError:
        """Return the error for an option's value."""
        return click.UsageError(f"{self.origin(name)}: {reason}", self._ctx)
