"""The command that draws contact sheets: its options and help; what it does is imported when it is called."""

from __future__ import annotations

import click

from archiver.cli.datasets import selection_options
from archiver.cli.options import reader_options

_EXAMPLES = """
\b
Examples:
  luma-archiver contact-sheet pages
  luma-archiver contact-sheet mismatched.pdf --where "verification = mismatched" --frames 4 --columns 3
"""


@click.command("contact-sheet", epilog=_EXAMPLES)
@click.argument("dest", metavar="DEST")
@selection_options
@click.option(
    "--columns", type=click.IntRange(1, 12), default=6, show_default=True, help="Generations side by side."
)
@click.option(
    "--rows", type=click.IntRange(1, 20), default=5, show_default=True, help="Rows of them on a page."
)
@click.option(
    "--frames", metavar="N", type=click.IntRange(1, 25), help="N stills of each clip, not its thumbnail."
)
@click.option("--overwrite", is_flag=True, help="Replace the contact sheet that is there.")
@click.option("--quiet", is_flag=True, help="Say nothing unless something is wrong.")
@reader_options
@click.pass_context
def contact_sheet(ctx: click.Context, /, dest: str, **_settings: object) -> int:
    """Draw pages of thumbnails, each with its prompt, id and state, the newest first.

    DEST is a folder for page-001.jpg and so on, or a name that ends in .pdf. What is mismatched, incomplete
    or failed has a red frame and says so. The archive is read and never written.
    """
    from archiver.cli import drawing  # noqa: PLC0415 - `--help` does without

    return drawing.draw_contact_sheet(ctx, dest)
