"""The commands that ask how the archive stands: options and help; what they do is imported when called."""

from __future__ import annotations

import click

from archiver.cli.options import reader_options


@click.command(name="list")
@click.option(
    "--state", metavar="LIST", help="States at the service, or outcomes: completed, error, pending …"
)
@click.option("--since", metavar="TIME", help="Only what changed since 2024-12-22, or in the last 7d.")
@click.option(
    "--where", metavar="EXPR", help='Only what an expression fits: "bytes > 10MB and prompt ~ cat".'
)
@click.option(
    "--sort", metavar="COLUMN", help="By a column; -COLUMN from the largest down.  [default: by folder]"
)
@click.option(
    "--limit", metavar="N", type=click.IntRange(min=0), help="Most rows; 0 is all.  [default: 100 for people]"
)
@click.option("--csv", is_flag=True, help="Comma-separated values with a header.")
@reader_options
@click.pass_context
def list_(ctx: click.Context, /, **_settings: object) -> int:
    """List what is archived, and what is still owed.

    Columns: id, state, outcome, verification, created_at, archived_at, updated_at, next_try_at, prompt,
    aspect_ratio, bytes, path, error, video, video_raw, thumbnail, last_frame. An expression compares them
    by = != < <= > >= ~ (contains) !~ and joins by and, or, not, brackets; null is what is unknown.

    What --json prints is itself a manifest: luma-archiver list --state error --json | luma-archiver batch -
    """
    from archiver.cli import listing  # noqa: PLC0415 - `--help` does without

    return listing.list_generations(ctx)


@click.command()
@click.argument("generation_id", metavar="ID")
@click.option(
    "--thumbnail",
    type=click.Choice(["auto", "kitty", "iterm2", "sixel", "none"]),
    default="auto",
    show_default=True,
    help="How the terminal shows pictures.",
)
@reader_options
@click.pass_context
def show(ctx: click.Context, /, **_settings: object) -> int:
    """Show one generation: what it is, its files, what is wrong with them, and a picture where that can be.

    With --json its sidecar as it is, in one line.
    """
    from archiver.cli import showing  # noqa: PLC0415 - `--help` does without

    return showing.show_generation(ctx)


@click.command()
@click.option("--max-age", metavar="DURATION", help="Fail (exit code 1) when the last success is older: 26h.")
@reader_options
@click.pass_context
def status(ctx: click.Context, /, **_settings: object) -> int:
    """Show how the archive stands: size, growth, what is owed, the last run, the last success.

    A success is a run of get, batch or sync that ended with exit code 0.
    """
    from archiver.cli import standing  # noqa: PLC0415 - `--help` does without

    return standing.show_status(ctx)
