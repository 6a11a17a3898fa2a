"""The commands that keep an archive whole: options and help; what they do is imported when called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from archiver.cli.options import (
    ARCHIVE,
    Setting,
    SettingsCommand,
    lock_wait_option,
    quiet_option,
    reader_options,
    run_options,
)


def _audit_options(command: Callable[..., Any]) -> Callable[..., Any]:
    flags = {
        "--sha256sums": "Write SHA256SUMS into the archive, for sha256sum -c.",
        "--restart": "Begin anew where the last audit was broken off.",
        "--repair": "Fetch again what is damaged or missing, under fresh URLs.",
    }
    texts = {
        "--older-than": ("DURATION", "Only what was not found whole for so long: 30d."),
        "--sample": ("N%", "Only so many: those whose last look is longest ago."),
    }
    for name, text in flags.items():
        click.option(name, cls=Setting, section=ARCHIVE, is_flag=True, help=text)(command)
    for name, (metavar, text) in texts.items():
        click.option(name, cls=Setting, section=ARCHIVE, metavar=metavar, help=text)(command)
    return command


@click.command(cls=SettingsCommand)
@click.argument("ids", nargs=-1, metavar="[ID…]")
@click.option("--from", "manifests", multiple=True, metavar="MANIFEST", help="Add all that a manifest lists.")
@reader_options
@lock_wait_option
@quiet_option
@click.pass_context
def add(ctx: click.Context, /, ids: tuple[str, ...], manifests: tuple[str, ...], **_settings: object) -> int:
    """Remember generations for the next sync; nobody is asked now.

    A manifest's columns are kept for the sidecars. What is archived already is not added.
    """
    from archiver.cli import keeping  # noqa: PLC0415 - `--help` does without

    return keeping.add_rows(ctx, ids, manifests)


@click.command(cls=SettingsCommand)
@run_options(wait="0")
@click.pass_context
def sync(ctx: click.Context, /, **_settings: object) -> int:
    """Finish all that is not final yet: added, pending, incomplete, in error. The nightly job.

    What is archived, mismatched or failed at the service is final: nobody is asked about it, and it does not
    fail the night, unless --retry-failed or --retry-mismatched asks again. What has been pending or in error
    for over an hour is asked for less often: after a quarter of that time, at the latest after a week.
    """
    from archiver.cli import running  # noqa: PLC0415 - `--help` does without

    return running.sync_archive(ctx)


@click.command(cls=SettingsCommand)
@click.argument("ids", nargs=-1, metavar="[ID…]")
@_audit_options
@run_options(wait="0")
@click.pass_context
def verify(ctx: click.Context, /, ids: tuple[str, ...], **_settings: object) -> int:
    """Hash what is on disk and hold it against the sidecars.

    --deep decodes every frame as well. Without --repair nothing is written but the audits' own history, the
    run ledger and --sha256sums, and no other run is waited for; --limit-rate slows the reading, too. An
    audit of everything that was interrupted continues where it stopped. With --repair damaged bytes keep
    their place until whole ones take it; no sidecar is made to agree with them. Files that no sidecar records
    are named and left alone.

    Ends with 3 where a file is damaged or missing and was not repaired, or where --max-duration left some;
    else with 4 where --deep found a file that is not what was promised and that no sidecar flags yet.
    Mismatches that sidecars flag are known, and do not fail it.
    """
    from archiver.cli import running  # noqa: PLC0415 - `--help` does without

    return running.verify_archive(ctx, ids)


@click.command(cls=SettingsCommand)
@reader_options
@lock_wait_option
@quiet_option
@click.pass_context
def reindex(ctx: click.Context, /, **_settings: object) -> int:
    """Make the index anew from the sidecars alone.

    It is a cache and may be deleted at any time; this is for after sidecars were edited or restored in
    place. Ends with 3 where sidecars cannot be read, naming the first.
    """
    from archiver.cli import keeping  # noqa: PLC0415 - `--help` does without

    return keeping.reindex_archive(ctx)
