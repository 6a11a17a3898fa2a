"""The commands that set things up: their options and help. What they do is imported when they are called."""

from __future__ import annotations

import click

from archiver.cli.options import SettingsCommand, run_options


@click.command(cls=SettingsCommand)
@run_options(wait="0")
@click.pass_context
def config(ctx: click.Context, /, **_settings: object) -> int:
    """Show each option's value and where it came from: command line, environment, config.toml or default.

    The key itself is never shown.
    """
    from archiver.cli import configured  # noqa: PLC0415 - `--help` does without

    return configured.show_settings(ctx)


@click.command(cls=SettingsCommand)
@run_options(wait="0")
@click.pass_context
def doctor(ctx: click.Context, /, **_settings: object) -> int:
    """Check key, API, clock, disk, ffmpeg and archive: a line each, with what to do.

    Asks the API one question and fetches nothing. The exit code is that of a run that would fail for it.
    """
    from archiver.cli import doctor as practice  # noqa: PLC0415 - `--help` does without

    return practice.examine(ctx)


@click.command(cls=SettingsCommand)
@click.option("--cron", is_flag=True, help="A line for `crontab -e`.")
@click.option("--systemd", is_flag=True, help="A service and a timer.")
@click.option("--at", metavar="HH:MM", default="03:30", show_default=True, help="When, in local time.")
@run_options(wait="0")
@click.pass_context
def schedule(ctx: click.Context, /, **_settings: object) -> int:
    """Print what lets `sync` run every night with the settings in force here: paths in full, no key.

    Nothing is installed. A job that fails says why: cron sends it by mail, systemd keeps it in the journal.
    `luma-archiver status --max-age 26h` finds one that does not run at all.
    """
    from archiver.cli import schedule as timetable  # noqa: PLC0415 - `--help` does without

    return timetable.print_schedule(ctx)


@click.command(cls=SettingsCommand, name="import")
@click.argument("folders", nargs=-1, required=True, metavar="DIR…")
@run_options(wait="0")
@click.pass_context
def import_(ctx: click.Context, /, folders: tuple[str, ...], **_settings: object) -> int:
    """Take in files that were downloaded before: verified like our own, recorded, not fetched again.

    A file's generation is told by an id in its path, by a saved answer of the API beside it, or by its
    SHA-256. What does not fit stays out; what is missing then is left for sync. The files themselves are
    copied, and stay where they are.
    """
    from archiver.cli import running  # noqa: PLC0415 - `--help` does without

    return running.import_(ctx, folders)
