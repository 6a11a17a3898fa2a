"""`config.toml`: option names as keys, TOML values; what it says stands in for the options' defaults."""

from __future__ import annotations

import difflib
import tomllib
from pathlib import Path
from typing import Any

import click
import platformdirs

from archiver.cli.options import Setting

PROGRAM = "luma-archiver"
_FILE = "archiver.cli.config.file"


def load_config(ctx: click.Context, path: str | None) -> None:
    """Make what the file says the defaults of the command's options.

    `path` is what the user named and must be there; without one the platform's own is read if it is.
    Raises `click.UsageError` naming the file and the key.
    """
    file = _named(path) if path else default_path()
    values = _read(file, must_exist=path is not None)
    settings = _settings(ctx)
    checked = {}
    for key, value in values.items():
        setting = settings.get(key.replace("_", "-"))
        if setting is None:
            msg = f"{file}: {_unknown(key, settings)}"
            raise click.UsageError(msg)
        checked[str(setting.name)] = _checked(file, setting, value)
    # Other commands have options of the same names that are none of the file's.
    own = {param.name for param in ctx.command.params if isinstance(param, Setting)}
    ctx.default_map = {**(ctx.default_map or {}), **{name: checked[name] for name in checked.keys() & own}}
    ctx.meta[_FILE] = file


def _named(path: str) -> Path:
    # Some versions of click come here before they show the help.
    from archiver.cli.paths import parse_path  # noqa: PLC0415 - `--help` does without

    return parse_path(path)


def default_path() -> Path:
    """Return where the file is if nobody says otherwise."""
    return platformdirs.user_config_path(PROGRAM, appauthor=False) / "config.toml"


def config_file(ctx: click.Context) -> Path:
    """Return the file that `load_config` read."""
    return Path(ctx.meta[_FILE])


def _read(file: Path, *, must_exist: bool) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (FileNotFoundError, NotADirectoryError):
        if not must_exist:
            return {}
        msg = f"{file}: no such file"
    except OSError as error:
        msg = f"{file}: cannot be read: {error.strerror}"
    except ValueError as error:  # also bytes that are not UTF-8
        msg = f"{file}: not valid TOML: {error}"
    raise click.UsageError(msg)


def _settings(ctx: click.Context) -> dict[str, Setting]:
    """Return the settings of every command by key: one file serves them all."""
    root = ctx.find_root().command
    commands = [*root.commands.values()] if isinstance(root, click.Group) else [root]
    found = (param for command in commands for param in command.params if isinstance(param, Setting))
    return {setting.key: setting for setting in found if setting.key != "config"}


def _unknown(key: str, settings: dict[str, Setting]) -> str:
    near = difflib.get_close_matches(key.replace("_", "-"), settings, n=1)
    hint = f", did you mean {near[0]}?" if near else ""
    return f"{key!a} is not an option{hint}"


def _checked(file: Path, setting: Setting, value: object) -> str | bool:
    """Return a value as the option takes it: a flag's is a bool, every other a text."""
    if isinstance(value, bool) == setting.is_flag and isinstance(value, str | int | float):
        return value if isinstance(value, bool) else str(value)
    if isinstance(value, list) and setting.key == "assets":
        return ",".join(map(str, value))
    kind = "true or false" if setting.is_flag else "a text or a number"
    msg = f"{file}: {setting.key}: {value!a} is not {kind}"
    raise click.UsageError(msg)
