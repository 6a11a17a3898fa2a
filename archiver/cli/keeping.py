"""What `add`, `reindex` and `gallery` do, from a command's context to its exit code."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import asdict
from itertools import chain
from typing import Any, TypeVar

import click
import msgspec

from archiver.assembly.gallery import make_gallery
from archiver.assembly.options import Options
from archiver.assembly.session import rows_of
from archiver.assembly.upkeep import add, reindex
from archiver.batch.adding import Additions
from archiver.batch.manifest import ManifestRow, Row, check_manifest
from archiver.cli.given import Given
from archiver.cli.jsonlines import JsonLines
from archiver.cli.loop import run_until_stopped
from archiver.cli.results import open_results
from archiver.cli.settings import read_archive
from archiver.cli.text import clean, complain, counted, writable
from archiver.cli.wording import describe
from archiver.dataset.gallery.writing import GalleryOptions
from archiver.dataset.options import SelectionOptions
from archiver.domain.errors import ManifestRowError
from archiver.domain.events import Event, RowRejected
from archiver.domain.identity import parse_id
from archiver.domain.timing import parse_duration
from archiver.runtime.stopping import Stop, unless_stopped

T = TypeVar("T")


def add_rows(ctx: click.Context, ids: Sequence[str], manifests: Sequence[str]) -> int:
    """Add these ids and what these manifests list. Raises `click.UsageError`, `RunError`."""
    if not ids and not manifests:
        msg = "nothing to add: give ids, or --from MANIFEST"
        raise click.UsageError(msg, ctx)
    try:
        rows = [ManifestRow(id=parse_id(text)) for text in ids]
    except ManifestRowError as error:
        raise click.UsageError(error.message, ctx) from error
    for manifest in manifests:
        check_manifest(manifest)
    teller = _Teller(ctx)
    listed: Iterator[Row] = chain(rows, rows_of(manifests))
    found = _until_stopped(lambda: add(listed, teller.options, teller))
    teller.finish(asdict(found), found.exit_code, _added(found))
    return found.exit_code


def reindex_archive(ctx: click.Context) -> int:
    """Make the index anew. Raises `click.UsageError`, `RunError`."""
    teller = _Teller(ctx)
    found = _until_stopped(lambda: reindex(teller.options, teller))
    exit_code = 3 if found.unusable else 0
    if found.unusable:
        complain(f"{counted(found.unusable, 'sidecar')} cannot be used, the first: {found.first_reason}")
    counts = {"generations": found.read, "unusable": found.unusable}
    teller.finish(counts, exit_code, f"index made anew: {found.read} sidecars read")
    return exit_code


def write_gallery(ctx: click.Context) -> int:
    """Write the gallery. Raises `click.UsageError`, `RunError`."""
    teller, params = _Teller(ctx), ctx.params
    asked = GalleryOptions(
        selection=SelectionOptions(
            where=params["where"], tags=params["tags"], limit=params["limit"], include_unverified=True
        ),
        per_page=params["per_page"],
        title=params["title"] or teller.options.archive.absolute().name,
    )
    found = _until_stopped(lambda: make_gallery(teller.options, asked, teller))
    for reason in found.unusable:
        complain(reason)
    exit_code = 3 if found.unusable else 0
    path = teller.options.archive / found.path
    counts = {"path": writable(str(path)), "generations": found.generations, "pages": found.pages}
    pages = counted(found.pages, "page")
    teller.finish(counts, exit_code, clean(f"{path}: {found.generations} generations on {pages}"))
    return exit_code


class _Teller:
    """Tells what happens: problems on standard error, the end on standard output."""

    def __init__(self, ctx: click.Context) -> None:
        given = Given(ctx)
        self._is_quiet = given.flag("quiet")
        self._is_json = given.flag("json")
        self._write = open_results(is_utf8=self._is_json)
        self.options = Options(
            archive=read_archive(given), lock_wait_s=given.value("lock_wait", parse_duration)
        )

    def __call__(self, event: Event) -> None:
        """Tell of one event."""
        if self._is_json:
            JsonLines(self._write)(event)
        line = describe(event)
        if line and (isinstance(event, RowRejected) or not self._is_quiet):
            click.echo(line.text, err=True)

    def finish(self, counts: dict[str, Any], exit_code: int, words: str) -> None:
        """Tell of the end."""
        if self._is_json:
            line = {"event": "summary", **counts, "exit_code": exit_code}
            self._write(msgspec.json.encode(line).decode())
        elif not self._is_quiet:
            self._write(words)


def _until_stopped(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    stop = Stop()
    return run_until_stopped(lambda: unless_stopped(work(), stop), stop)


def _added(found: Additions) -> str:
    parts = [f"{found.added} added"]
    if found.known:
        parts.append(f"{found.known} owed before")
    if found.final:
        parts.append(f"{found.final} archived already")
    if found.bad_rows:
        parts.append(counted(found.bad_rows, "bad row"))
    return ", ".join(parts)
