"""The commands that hand on what an archive has: options and help; what they do is imported when called."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

from archiver.cli.options import SettingsCommand, lock_wait_option, quiet_option, reader_options

_EXAMPLES = """
\b
Examples:
  luma-archiver export webdataset ds --split train=0.9,val=0.1 --where "duration >= 4"
  luma-archiver export videofolder ds --link --caption column:caption
  luma-archiver export parquet tables
"""
_Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def _with(command: Callable[..., Any], options: Sequence[_Decorator]) -> Callable[..., Any]:
    # A decorator puts its option before those that are there.
    for option in reversed(options):
        option(command)
    return command


def selection_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that choose generations."""
    options: list[_Decorator] = [
        click.option(
            "--where", metavar="EXPR", help='What an expression fits: "duration >= 4 and prompt ~ cat".'
        ),
        click.option(
            "--tag", "tags", metavar="TAG", multiple=True, help="What has this tag; several: all of them."
        ),
        click.option("--limit", metavar="N", type=click.IntRange(min=1), help="The first N, by id."),
    ]
    return _with(command, options)


def _sampling(command: Callable[..., Any]) -> Callable[..., Any]:
    options: list[_Decorator] = [
        click.option("--include-unverified", is_flag=True, help="Mismatched and unverified ones, too."),
        click.option("--sample", metavar="N", type=click.IntRange(min=1), help="N of them, drawn by a hash."),
        click.option("--seed", metavar="S", type=int, default=0, show_default=True, help="Another draw."),
        click.option(
            "--dedupe",
            type=click.Choice(["none", "sha256", "perceptual"]),
            help="Which clips count as the same.  [default: sha256; none for tables and bags]",
        ),
    ]
    return _with(command, options)


def _placing(command: Callable[..., Any]) -> Callable[..., Any]:
    options: list[_Decorator] = [
        click.option("--assets", metavar="LIST", help="Which files: video,video_raw,thumbnail,last_frame."),
        click.option(
            "--split",
            metavar="SPLITS",
            default="train",
            show_default=True,
            help="train=0.9,val=0.05,test=0.05 by a hash; or column:NAME, as a manifest has it.",
        ),
        click.option(
            "--split-by",
            type=click.Choice(["id", "prompt"]),
            default="id",
            show_default=True,
            help="What is hashed: with prompt, one prompt never lies in two splits.",
        ),
        click.option(
            "--caption",
            metavar="TEXT",
            default="prompt",
            show_default=True,
            help="prompt, column:NAME, or a template: '{prompt}, {tags}'.",
        ),
    ]
    return _with(command, options)


def _packing(command: Callable[..., Any]) -> Callable[..., Any]:
    options: list[_Decorator] = [
        click.option(
            "--shard-samples",
            metavar="N",
            type=click.IntRange(min=1),
            default=1000,
            show_default=True,
            help="Most samples of a shard.",
        ),
        click.option(
            "--shard-size", metavar="SIZE", default="1GB", show_default=True, help="Most bytes of a shard."
        ),
        click.option(
            "--metadata",
            type=click.Choice(["jsonl", "parquet"]),
            default="jsonl",
            show_default=True,
            help="The metadata file of a folder format.",
        ),
        click.option("--embed", is_flag=True, help="The files' bytes inside of the table (parquet)."),
        click.option(
            "--link",
            is_flag=True,
            help="Hard links in the place of copies: no room is taken.",
        ),
    ]
    return _with(command, options)


def _transform(command: Callable[..., Any]) -> Callable[..., Any]:
    options: list[_Decorator] = [
        click.option("--clip", metavar="FROM:TO", help="Only these seconds: 0:2.5."),
        click.option("--crop", type=click.Choice(["center"]), help="The square in the middle."),
        click.option("--resize", metavar="PIXELS", help="The shorter side; the shape stays."),
        click.option("--fps", metavar="RATE", help="Frames a second."),
        click.option("--frames", metavar="N", help="N stills at even distances in the clip's place."),
    ]
    return _with(command, options)


def _destination(command: Callable[..., Any]) -> Callable[..., Any]:
    options: list[_Decorator] = [
        click.option("--from", "again", metavar="FILE", help="Make the dataset of this dataset.json again."),
        click.option("--resume", is_flag=True, help="Go on with a broken-off export."),
        click.option(
            "--overwrite", is_flag=True, help="Replace the dataset that is there, when the new one is whole."
        ),
        click.option("--quiet", is_flag=True, help="Say nothing unless something is wrong."),
    ]
    return _with(command, options)


@click.command(cls=SettingsCommand)
@selection_options
@click.option(
    "--per-page",
    type=click.IntRange(1, 10_000),
    default=120,
    show_default=True,
    help="Generations on a page.",
)
@click.option("--title", metavar="TEXT", help="The page's title.  [default: the archive's name]")
@lock_wait_option
@quiet_option
@reader_options
@click.pass_context
def gallery(ctx: click.Context, /, **_settings: object) -> int:
    """Write a page to look through the archive with: gallery/index.html, the newest clips first.

    Plain HTML without a script, by relative paths: it works from the disk, from a stick, and behind any web
    server, and goes wherever the archive goes. Run it again after a sync.
    """
    from archiver.cli import keeping  # noqa: PLC0415 - `--help` does without

    return keeping.write_gallery(ctx)


@click.command(epilog=_EXAMPLES)
@click.argument("words", nargs=-1, required=True, metavar="FORMAT DEST")
@selection_options
@_sampling
@_placing
@_packing
@_transform
@_destination
@reader_options
@click.pass_context
def export(ctx: click.Context, /, words: tuple[str, ...], **_settings: object) -> int:
    """Build a dataset from the archive.

    FORMAT is webdataset, videofolder, imagefolder, parquet, csv, jsonl, video2dataset or bagit; DEST a folder
    of its own. Only verified generations are taken. The same archive and options give the same bytes.

    DEST/.dataset/dataset.json records what is in it; `export --from dataset.json DEST` makes it again. Clips
    are read against their digests; one that is damaged is left out, and the export ends with 3.
    """
    from archiver.cli import exporting  # noqa: PLC0415 - `--help` does without

    return exporting.export_dataset(ctx, words)
