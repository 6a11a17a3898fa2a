"""The program: its commands and their help. What they do is imported when they are called."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from archiver.cli.datasets import export, gallery
from archiver.cli.inquiries import list_, show, status
from archiver.cli.options import SettingsCommand, run_options
from archiver.cli.setup import config, doctor, import_, schedule
from archiver.cli.sheets import contact_sheet
from archiver.cli.upkeep import add, reindex, sync, verify
from archiver.version import __version__

_PROGRAM = "luma-archiver"
_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
_EXAMPLES = """
\b
Examples:
  luma-archiver demo                            see it work: no key, no network
  luma-archiver get 4665a07c-7641-4809-a133-10786201bb56
  luma-archiver batch ids.txt --archive ~/clips
  luma-archiver batch generations.jsonl --json | jq .outcome

\b
The key is read from LUMA_API_KEY, --api-key-file or --api-key-command.
Every option of a run can be set as LUMA_ARCHIVER_… in the environment, or in config.toml.
"""


@click.group(context_settings=_CONTEXT, epilog=_EXAMPLES, invoke_without_command=True)
@click.version_option(__version__, prog_name=_PROGRAM, message="%(prog)s %(version)s")
@click.pass_context
def cli(ctx: click.Context) -> int:
    """Archive AI video generations: every clip whole, verified, recorded."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help(), err=True)
        ctx.exit(2)
    return 0


@cli.command(cls=SettingsCommand)
@click.argument("ids", nargs=-1, required=True, metavar="ID…")
@run_options(wait="10m")
@click.pass_context
def get(ctx: click.Context, /, ids: tuple[str, ...], **_settings: object) -> int:
    """Archive these generations, waiting for unfinished ones."""
    from archiver.cli import running  # noqa: PLC0415 - `--help` does without

    return running.get(ctx, ids)


@cli.command(cls=SettingsCommand)
@click.argument("manifests", nargs=-1, required=True, metavar="MANIFEST…")
@run_options(wait="0")
@click.pass_context
def batch(ctx: click.Context, /, manifests: tuple[str, ...], **_settings: object) -> int:
    """Archive all that these manifests list.

    A manifest is a list of ids (.txt), or of rows with an id (.jsonl, .json, .csv, .tsv); '-' is
    standard input. Generations that are unfinished at the service are left for a later run. Columns beside
    the id are kept in the sidecars, also of what was archived before.
    """
    from archiver.cli import running  # noqa: PLC0415 - `--help` does without

    return running.batch(ctx, manifests)


@cli.command()
@click.option(
    "--archive", metavar="DIR", default="./demo-archive", show_default=True, help="Where to archive."
)
@click.option(
    "--count", type=click.IntRange(1, 100), default=10, show_default=True, help="How many generations."
)
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    help="The service's port.  [default: a free one; 8765 with --serve]",
)
@click.option("--serve", is_flag=True, help="Archive nothing; leave the service up to try things by hand.")
def demo(archive: str, count: int, port: int | None, *, serve: bool) -> int:
    """See the main job done, without key and network.

    Makes real clips on this machine, serves them as the service would, with some trouble on the way,
    and archives them. Exits 0 if everything ended as it was staged.
    """
    from archiver.cli import demo as bundled  # noqa: PLC0415 - `--help` does without
    from archiver.cli.paths import parse_path  # noqa: PLC0415 - as above

    if serve:
        return bundled.serve_demo(count=count, port=port)
    return bundled.archive_demo(parse_path(archive), count=count, port=port)


for _command in (
    sync,
    verify,
    add,
    list_,
    show,
    status,
    export,
    gallery,
    contact_sheet,
    config,
    doctor,
    schedule,
    import_,
    reindex,
):
    cli.add_command(_command)


def main(arguments: Sequence[str]) -> int:
    """Run a command line and return the exit code."""
    try:
        return int(cli.main([*arguments], prog_name=_PROGRAM, standalone_mode=False) or 0)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the last place to put it into words
        from archiver.cli.failure import explain  # noqa: PLC0415 - rarely needed

        message, exit_code = explain(error)
        if message:
            click.echo(f"{_PROGRAM}: {message}", err=True)
        return exit_code


def run() -> None:
    """Be the program."""
    _open_standard_streams()
    sys.exit(main(sys.argv[1:]))


def _open_standard_streams() -> None:
    """Let no file of ours become standard output: the next that is opened takes a closed one's number.

    (POSIX, "File Descriptor Allocation"; a `print` would then write into the index.)
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
