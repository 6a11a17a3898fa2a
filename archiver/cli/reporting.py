"""Whom a run tells of itself beside the terminal: hooks, a monitor, metrics."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from archiver.cli.given import Given
from archiver.cli.paths import parse_path
from archiver.cli.settings import over_zero, read_archive
from archiver.domain.errors import UsageError
from archiver.domain.identity import MediaUrl
from archiver.domain.timing import parse_duration

Command = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporting:
    """Commands to run for each archived generation and after the run, a URL to ping, a file of metrics."""

    archive: Path
    each: Command = ()
    after: Command = ()
    hook_time_limit_s: float = 600.0
    ping_url: MediaUrl | None = None
    metrics_file: Path | None = None


def read_reporting(given: Given) -> Reporting:
    """Return whom to tell; of a dry run nobody is told. Raises `click.UsageError`."""
    reporting = Reporting(
        archive=read_archive(given).absolute(),
        each=given.maybe("exec", parse_command) or (),
        after=given.maybe("exec_after", parse_command) or (),
        hook_time_limit_s=given.value("exec_timeout", over_zero(parse_duration)),
        ping_url=given.maybe("ping_url", MediaUrl.parse),
        metrics_file=given.maybe("metrics_file", parse_path),
    )
    return Reporting(archive=reporting.archive) if given.flag("dry_run") else reporting


def parse_command(text: str) -> Command:
    """Return the words of a command, quoted as in a shell; there is no shell. Raises `UsageError`."""
    try:
        words = tuple(shlex.split(text))
    except ValueError as error:
        msg = f"{text!a} cannot be split into words: {error}"
        raise UsageError(msg) from error
    if not words or "\0" in text:
        msg = f"{text!a} names no command"
        raise UsageError(msg)
    return words
