"""`luma-archiver doctor`: one line a check, what to do about each, and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click
import msgspec

from archiver.assembly.checkup import ApiState, ask_api
from archiver.assembly.options import Options
from archiver.cli.findings import (
    Finding,
    Level,
    check_api,
    check_archive,
    check_clock,
    check_disk,
    check_ffmpeg,
    check_key,
)
from archiver.cli.given import Given
from archiver.cli.key import key_origin
from archiver.cli.loop import run_until_stopped
from archiver.cli.results import open_results
from archiver.cli.settings import read_options
from archiver.cli.text import clean, complain, may_colour, paint
from archiver.runtime.clock import SystemClock
from archiver.runtime.stopping import Stop, unless_stopped

_COLOURS = {Level.OK: "green", Level.NOTE: "yellow", Level.PROBLEM: "red"}


def examine(ctx: click.Context) -> int:
    """Print a line for each check; return 0, or the exit code that the first problem would give a run.

    Raises `click.UsageError` for what is wrong with the settings themselves.
    """
    given = Given(ctx)
    options = read_options(given, complain)
    is_json = given.flag("json")
    write = open_results(is_utf8=is_json)
    problems = []
    for finding in _findings(options, key_origin(given)):
        write(_as_json(finding) if is_json else _as_line(finding))
        if finding.level is Level.PROBLEM:
            problems.append(finding)
    return problems[0].exit_code if problems else 0


def _findings(options: Options, origin: str | None) -> Iterator[Finding]:
    yield check_key(origin if options.network.api_key else None)
    state = _ask(options) if options.network.api_key else None
    yield check_api(options.network.api_base, state)
    yield check_clock(state)
    yield check_disk(options)
    yield check_ffmpeg()
    yield check_archive(options.archive)


def _ask(options: Options) -> ApiState:
    stop = Stop()
    return run_until_stopped(lambda: unless_stopped(ask_api(options.network, SystemClock()), stop), stop)


def _as_line(finding: Finding) -> str:
    level = paint(f"{finding.level:8}", _COLOURS[finding.level], wanted=may_colour(sys.stdout))
    advice = f": {finding.advice}" if finding.advice else ""
    return f"{level} {finding.name:8} {clean(finding.message + advice)}"


def _as_json(finding: Finding) -> str:
    line = {
        "event": "check",
        "name": finding.name,
        "level": finding.level,
        "message": finding.message,
        "advice": finding.advice or None,
    }
    return msgspec.json.encode(line).decode()
