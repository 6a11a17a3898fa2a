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


class Given:
    """The values of a command's settings. Every reading raises `click.UsageError` that names the origin."""

    def __init__(self, ctx: click.Context) -> None:
        self._ctx = ctx
        self._settings = {param.name: param for param in ctx.command.params if isinstance(param, Setting)}

    def flag(self, name: str) -> bool:
        """Return whether a flag is on."""
        return bool(self._ctx.params[name])

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
        """Return the same in words: `--wait`, `LUMA_ARCHIVER_WAIT`, or `FILE: wait`."""
        setting = self._settings[name]
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
