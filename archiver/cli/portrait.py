"""One generation told to a person: what it is, its files, what is wrong with them. Nothing here writes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from archiver.batch.listing.columns import Listed
from archiver.cli.text import clean
from archiver.domain.checks import Check
from archiver.domain.identity import AssetName
from archiver.domain.quantity import show_size
from archiver.domain.sidecar import AssetRecord, Measured, Sidecar

_LABEL_CHARACTERS = 12


def describe_generation(row: Listed, sidecar: Sidecar | None, root: Path) -> Iterator[str]:
    """Give the lines about a generation; one that is only owed has no sidecar."""
    yield row.id
    facts = _facts_of_sidecar(sidecar, root / (row.path or "")) if sidecar else []
    standing = f"{row.outcome} ({row.verification})" if row.verification else row.outcome
    for label, text in [("outcome", standing), ("state", row.state), *facts, *_facts_owed(row)]:
        if text:
            yield _line(label, text)
    for name, record in sidecar.assets.items() if sidecar else ():
        yield _line(name, _asset(record))
        for check in record.checks:
            if not check.ok:
                yield _line("", _check(check))


def _line(label: str, text: str) -> str:
    return f"  {label:{_LABEL_CHARACTERS}} {clean(text)}"


def _facts_of_sidecar(sidecar: Sidecar, folder: Path) -> list[tuple[str, str | None]]:
    return [
        ("prompt", sidecar.prompt),
        ("aspect", sidecar.aspect_ratio),
        ("failed", sidecar.failure_reason),
        ("made", sidecar.created_at),
        ("archived", f"{sidecar.archived_at} by luma-archiver {sidecar.archiver_version}"),
        ("source", f"{sidecar.source.provider}, {sidecar.source.api_base}"),
        ("folder", str(folder)),
        *((f"[{name}]", str(value)) for name, value in sidecar.manifest_row.items()),
    ]


def _facts_owed(row: Listed) -> list[tuple[str, str | None]]:
    return [
        ("error", f"{row.error.kind}: {row.error.message}" if row.error else None),
        ("next try", row.next_try_at),
        *((f"[{name}]", str(value)) for name, value in row.row.items()),
    ]


def _asset(record: AssetRecord) -> str:
    if record.error:
        return f"{record.status:10} {record.error.kind}: {record.error.message}"
    size = show_size(record.size) if record.size is not None else ""
    shared = f"same file as {record.same_as}" if record.same_as else ""
    parts = (record.path, size, _measured(record.measured), shared)
    return f"{record.status:10} {', '.join(part for part in parts if part)}".rstrip()


def _measured(found: Measured | None) -> str:
    if found is None:
        return ""
    sides = f"{found.width}x{found.height}"
    if found.duration is None:
        return sides
    return f"{sides}, {found.duration:g} s, {found.frames} frames, {found.codec}"


def _check(check: Check) -> str:
    advisory = " (advisory)" if check.advisory else ""
    return f"{check.difference}{advisory}"


def thumbnail_of(sidecar: Sidecar) -> str | None:
    """Return the file's name of the picture that shows the generation best, or None."""
    names = (AssetName.THUMBNAIL, AssetName.LAST_FRAME)
    records = (sidecar.assets.get(name) for name in names)
    return next((record.file_name for record in records if record and record.file_name), None)
