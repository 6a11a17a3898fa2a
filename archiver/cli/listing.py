"""`luma-archiver list`: the generations of an archive, filtered, in a form for people or for programs."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable

import click

from archiver.batch.listing.columns import COLUMNS, Listed
from archiver.batch.listing.query import Query, Selection, parse_order, parse_states
from archiver.cli.given import Given
from archiver.cli.records import opened_records
from archiver.cli.results import open_results
from archiver.cli.rows import CSV_HEADER, as_csv, as_json, as_line, csv_line
from archiver.cli.text import is_terminal
from archiver.domain.filtering.moments import parse_span
from archiver.domain.filtering.where import parse_where
from archiver.runtime.clock import SystemClock

# What a person reads on a screen or in a mail; who wants more says so.
SHOWN_ROWS = 100


def list_generations(ctx: click.Context) -> int:
    """Print the rows that the command's options ask for. Raises `click.UsageError`, `ArchiveError`."""
    given = Given(ctx)
    is_json, is_csv = given.rivals("json", "csv")
    is_for_people = not (is_json or is_csv)
    query = _read_query(given, ctx.params["limit"], shown=SHOWN_ROWS if is_for_people else None)
    form = as_json if is_json else as_csv if is_csv else _line_form()
    write = open_results(is_utf8=not is_for_people)
    with opened_records(given) as records:
        selection = Selection(records.listed(), query)
        if is_csv:
            write(csv_line(CSV_HEADER))
        for row in selection:
            write(form(row))
    if is_for_people and selection.left_out:
        write(f"… and {selection.left_out} more: --limit 0 shows all, --state and --where choose")
    return 0


def _line_form() -> Callable[[Listed], str]:
    width = shutil.get_terminal_size().columns if is_terminal(sys.stdout) else None
    return lambda row: as_line(row)[:width]


def _read_query(given: Given, limit: int | None, *, shown: int | None) -> Query:
    now = SystemClock().now()
    return Query(
        states=given.maybe("state", parse_states) or frozenset(),
        since=given.maybe("since", lambda text: parse_span(text, now).begin),
        where=given.maybe("where", lambda text: parse_where(text, COLUMNS, now)),
        order=given.maybe("sort", parse_order),
        limit=shown if limit is None else limit or None,
    )
