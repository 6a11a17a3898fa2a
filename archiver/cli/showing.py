"""`luma-archiver show`: one generation, for a person or as its sidecar."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from archiver.assembly.reading import Records
from archiver.batch.listing.columns import Listed
from archiver.cli.given import Given
from archiver.cli.inline import Pixels, to_iterm, to_kitty, to_sixel
from archiver.cli.portrait import describe_generation, thumbnail_of
from archiver.cli.records import opened_records
from archiver.cli.results import open_results
from archiver.cli.rows import as_json
from archiver.cli.terminal import Protocol, detect_protocol
from archiver.domain.errors import ArchiveError, ManifestRowError, SidecarError
from archiver.domain.identity import parse_id
from archiver.domain.sidecar import Sidecar
from archiver.media.image import scale_to_fit
from archiver.media.sniff import HEAD_BYTES, sniff

# About a third of a usual window.
_BOX_PIXELS = (480, 270)


def show_generation(ctx: click.Context) -> int:
    """Print one generation. Raises `click.UsageError` for what is no id, `ArchiveError`."""
    given = Given(ctx)
    try:
        generation_id = parse_id(ctx.params["generation_id"])
    except ManifestRowError as error:
        raise click.UsageError(error.message, ctx) from error
    is_json = given.flag("json")
    write = open_results(is_utf8=is_json)
    with opened_records(given) as records:
        row = records.find(generation_id)
        if row is None:
            msg = f"{generation_id} is not in the archive: `luma-archiver get {generation_id}` fetches it"
            raise ArchiveError(msg)
        sidecar = _read(records, row)
        if is_json:
            write(_in_one_line(sidecar) if sidecar else as_json(row))
            return 0
        for line in describe_generation(row, sidecar, records.archive.root):
            write(line)
        if picture := _picture(ctx.params["thumbnail"], records, row, sidecar):
            write(picture)
    return 0


def _in_one_line(sidecar: Sidecar) -> str:
    # The answer within stands as it came, perhaps over many lines.
    return msgspec.json.format(msgspec.json.encode(sidecar), indent=-1).decode()


def _read(records: Records, row: Listed) -> Sidecar | None:
    try:
        return records.archive.read_sidecar(row.path) if row.path else None
    except SidecarError as error:
        raise ArchiveError(error.message) from error


def _picture(wish: str, records: Records, row: Listed, sidecar: Sidecar | None) -> str | None:
    name = thumbnail_of(sidecar) if sidecar else None
    if wish == "none" or name is None or row.path is None:
        return None
    protocol = detect_protocol() if wish == "auto" else Protocol(wish)
    return _drawn(records.archive.root / row.path / name, protocol) if protocol else None


def _drawn(path: Path, protocol: Protocol) -> str | None:
    """Return the picture as the terminal takes it; None where it is gone or does not decode."""
    try:
        data = path.read_bytes()
        kind = sniff(data[:HEAD_BYTES])
        scaled = scale_to_fit(path, kind, _BOX_PIXELS) if kind and not kind.is_video else None
    except OSError:
        return None
    if scaled is None:
        return None
    match protocol:
        case Protocol.KITTY:
            return to_kitty(Pixels(*scaled))
        case Protocol.ITERM:
            return to_iterm(data)
        case Protocol.SIXEL:
            return to_sixel(Pixels(*scaled))
