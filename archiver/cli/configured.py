"""`luma-archiver config`: every setting, and which of its sources won."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import click
import msgspec
from click.core import ParameterSource

from archiver.cli.config import config_file
from archiver.cli.given import Given
from archiver.cli.key import key_origin
from archiver.cli.options import Setting
from archiver.cli.results import open_results
from archiver.cli.text import clean, writable

_KEY_CHARACTERS, _VALUE_CHARACTERS = 20, 28
# The one setting whose default the commands do not share.
_OTHER_DEFAULTS = {"wait": " (of `get`: 10m)"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    key: str
    value: str | bool | None
    origin: str


def show_settings(ctx: click.Context) -> int:
    """Print the settings. What `config.toml` has wrong was told before, as for every command."""
    given = Given(ctx)
    is_json = given.flag("json")
    write = open_results(is_utf8=is_json)
    file = config_file(ctx)
    if is_json:
        write(_as_json({"event": "config", "file": str(file), "exists": file.exists()}))
    else:
        write(clean(f"# {file}{'' if file.exists() else ': not there'}"))
    for row in _rows(ctx, given):
        write(_as_json({"event": "setting", **_fields(row)}) if is_json else _as_line(row))
    return 0


def _rows(ctx: click.Context, given: Given) -> Iterator[_Row]:
    yield _Row(key="key", value=None, origin=key_origin(given) or "none: set LUMA_API_KEY")
    for param in ctx.command.params:
        if isinstance(param, Setting) and param.name and param.expose_value:
            value = _without_password(ctx.params[param.name])
            yield _Row(key=param.key, value=value, origin=_origin(given, param.name))


def _origin(given: Given, name: str) -> str:
    if given.source(name) is ParameterSource.DEFAULT:
        return "default" + _OTHER_DEFAULTS.get(name, "")
    return given.origin(name)


def _without_password(value: str | bool | None) -> str | bool | None:  # noqa: FBT001 - an option's value
    """Return a value as it may stand in a bug report: a proxy's URL may have a password in it."""
    if not isinstance(value, str) or "@" not in value or "://" not in value:
        return value
    parts = urlsplit(value)
    return parts._replace(netloc=f"***@{parts.netloc.rpartition('@')[2]}").geturl()


def _as_line(row: _Row) -> str:
    if row.value is None:
        shown = "***" if row.key == "key" and not row.origin.startswith("none") else "-"
    else:
        shown = str(row.value).lower() if isinstance(row.value, bool) else row.value
    return clean(f"{row.key:{_KEY_CHARACTERS}} {shown:{_VALUE_CHARACTERS}} {row.origin}")


def _fields(row: _Row) -> dict[str, object]:
    value = writable(row.value) if isinstance(row.value, str) else row.value
    return {"key": row.key, "value": value, "origin": writable(row.origin)}


def _as_json(value: dict[str, object]) -> str:
    return msgspec.json.encode(value).decode()
