"""What `contact-sheet` does, from a command's context to its exit code."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import msgspec
from tqdm import tqdm

from archiver.cli.given import Given
from archiver.cli.results import open_results
from archiver.cli.settings import read_archive
from archiver.cli.text import clean, complain, counted, is_terminal, writable
from archiver.dataset.contact_sheet.making import SheetMaker
from archiver.dataset.contact_sheet.planning import SheetOptions
from archiver.dataset.contact_sheet.writing import write_sheet
from archiver.dataset.options import Destination, SelectionOptions
from archiver.runtime.clock import SystemClock
from archiver.storage.archive import Archive

_BAR = "{desc}: {n_fmt}/{total_fmt} |{bar}| {elapsed}, {remaining} left"


def draw_contact_sheet(ctx: click.Context, dest: str) -> int:
    """Draw the pages; 3 where a sidecar could not be read. Raises `click.UsageError`, `RunError`."""
    given, params = Given(ctx), ctx.params
    archive = Archive.open(read_archive(given), writable=False)
    maker = SheetMaker(archive, _read_options(params), SystemClock().now())
    destination = Destination(path=Path(dest).absolute(), is_overwriting=params["overwrite"])
    is_silent = params["quiet"] or not is_terminal(sys.stderr)
    with tqdm(
        desc="drawing",
        total=maker.count,
        bar_format=_BAR,
        file=sys.stderr,
        dynamic_ncols=True,
        leave=False,
        disable=is_silent,
    ) as bar:
        files = write_sheet(maker, destination, bar.update)
    for reason in maker.unusable:
        complain(f"not in it: {reason}")
    exit_code = 3 if maker.unusable else 0
    _tell(maker, files, exit_code=exit_code, is_json=given.flag("json"), is_quiet=params["quiet"])
    return exit_code


def _read_options(params: dict[str, Any]) -> SheetOptions:
    return SheetOptions(
        # A sheet is to show what is wrong, too.
        selection=SelectionOptions(
            where=params["where"], tags=params["tags"], limit=params["limit"], include_unverified=True
        ),
        columns=params["columns"],
        rows=params["rows"],
        frames=params["frames"],
    )


def _tell(maker: SheetMaker, files: Sequence[Path], *, exit_code: int, is_json: bool, is_quiet: bool) -> None:
    write = open_results(is_utf8=is_json)
    if is_json:
        for file in files:
            write(msgspec.json.encode({"event": "file", "path": writable(str(file))}).decode())
        counts = {"generations": maker.count, "pages": maker.page_count, "unusable": len(maker.unusable)}
        write(msgspec.json.encode({"event": "summary", **counts, "exit_code": exit_code}).decode())
    elif not is_quiet:
        pages = counted(maker.page_count, "page")
        where = files[0] if len(files) == 1 else files[0].parent
        write(clean(f"{where}: {maker.count} generations on {pages}"))
