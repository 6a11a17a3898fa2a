"""The commands that keep an archive whole: options and help; what they do is imported when called."""

from __future__ import annotations

import click

from archiver.cli.options import LIMITS, OUTPUT, Setting, SettingsCommand, reader_options, run_options

_LOCK_WAIT = click.option(
    "--lock-wait",
    cls=Setting,
    section=LIMITS,
    metavar="DURATION",
    default="0",
    show_default=True,
    help="How long to wait for another run to end.",
)
_QUIET = click.option("--quiet", cls=Setting, section=OUTPUT, is_flag=True, help="Say nothing unless asked.")


@click.command(cls=SettingsCommand)
@click.argument("ids", nargs=-1, metavar="[ID…]")
@click.option("--from", "manifests", multiple=True, metavar="MANIFEST", help="Add all that a manifest lists.")
@reader_options
@_LOCK_WAIT
@_QUIET
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
    for long is asked for less often: after a quarter of that time, at the latest after a week.
    """
    from archiver.cli import running  # noqa: PLC0415 - `--help` does without

    return running.sync_archive(ctx)


@click.command(cls=SettingsCommand)
@reader_options
@_LOCK_WAIT
@_QUIET
@click.pass_context
def reindex(ctx: click.Context, /, **_settings: object) -> int:
    """Make the index anew from the sidecars alone.

    It is a cache and may be deleted at any time; this is for after sidecars were edited or restored in
    place. Ends with 3 where sidecars cannot be read, naming the first.
    """
    from archiver.cli import keeping  # noqa: PLC0415 - `--help` does without

    return keeping.reindex_archive(ctx)
