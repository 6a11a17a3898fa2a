"""`luma-archiver schedule`: a nightly `sync` with the settings in force here, for cron or systemd.

Neither passes on this shell's environment or folder: what came from them is written out, paths in full.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import click
from click.core import ParameterSource

from archiver.cli.config import PROGRAM, config_file
from archiver.cli.given import Given
from archiver.cli.key import VARIABLE, key_origin
from archiver.cli.options import Setting
from archiver.cli.results import open_results
from archiver.cli.settings import RIVALS, read_display, read_options
from archiver.cli.text import complain
from archiver.cli.timetable import cron_line, parse_time_of_day, systemd_units

_PATHS = {"archive", "api_key_file", "log_file", "metrics_file"}
_NOT_AT_NIGHT = {"json", "quiet", "verbose", "dry_run"}
_HERE = {ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT}


def print_schedule(ctx: click.Context) -> int:
    """Print what to put where. Raises `click.UsageError`, also where a nightly run would have no key."""
    given = Given(ctx)
    if ctx.params["cron"] == ctx.params["systemd"]:
        msg = "give --cron or --systemd, one of them"
        raise click.UsageError(msg, ctx)
    # A line that would fail every night is not printed.
    read_options(given, complain)
    read_display(given)
    _require_key(ctx, given)
    at = given.value("at", parse_time_of_day)
    command = [*_program(), "sync", "--quiet", *_options(ctx, given)]
    is_root = os.geteuid() == 0
    text = cron_line(command, at) if ctx.params["cron"] else systemd_units(command, at, is_root=is_root)
    open_results()(text)
    return 0


def _require_key(ctx: click.Context, given: Given) -> None:
    origin = key_origin(given)
    if origin is None or origin == VARIABLE:
        where = f"in {VARIABLE} alone, which no nightly job sees" if origin else "nowhere"
        msg = f"the key is {where}: put it into a file that only you can read, and give --api-key-file FILE"
        raise click.UsageError(msg, ctx)


def _program() -> list[str]:
    started = shutil.which(sys.argv[0])
    if started and Path(started).name == PROGRAM:
        return [str(Path(started).absolute())]
    # Not resolved: the python of a virtual environment is a link that must stay one.
    return [str(Path(sys.executable).absolute()), "-m", "archiver"]


def _options(ctx: click.Context, given: Given) -> Iterator[str]:
    file = config_file(ctx)
    if file.exists():
        yield from ("--config", str(file.absolute()))
    # Beside the one that counts more, the other would be given in the same place.
    lost = {
        name for pair in RIVALS for name, is_on in zip(pair, given.rivals(*pair), strict=True) if not is_on
    }
    for param in ctx.command.params:
        if not isinstance(param, Setting) or not param.expose_value or param.name in _NOT_AT_NIGHT | lost:
            continue
        yield from _option(given, param, ctx.params[str(param.name)])


def _option(given: Given, param: Setting, value: str | bool | None) -> list[str]:  # noqa: FBT001 - an option's value
    name = str(param.name)
    source = given.source(name)
    if isinstance(value, bool):
        return [f"--{param.key}"] if value and source in _HERE else []
    if name == "proxy" and source in _HERE and value and "@" in value:
        msg = f"{given.origin(name)} holds a password, which others could read: put it into config.toml"
        raise click.UsageError(msg)
    if value is not None and name in _PATHS and (name == "archive" or source is not ParameterSource.DEFAULT):
        return [f"--{param.key}", str(Path(value).expanduser().absolute())]
    return [f"--{param.key}", value] if value is not None and source in _HERE else []
