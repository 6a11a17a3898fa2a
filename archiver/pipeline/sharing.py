"""An asset that is here already under another name: one URL is fetched once, also across runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress

from archiver.domain.checks import NotMedia
from archiver.domain.errors import ArchiveError
from archiver.domain.generation import Asset
from archiver.domain.identity import AssetName, MediaUrl
from archiver.domain.sidecar import AssetRecord
from archiver.domain.timing import parse_timestamp
from archiver.domain.transfer import Validator
from archiver.pipeline.doors import Doors
from archiver.pipeline.download import Downloaded
from archiver.pipeline.fetch import AssetOutcome, Fetched
from archiver.storage.archive import Archive
from archiver.storage.files import sha256_of
from archiver.storage.threads import run_in_thread


async def share_held(
    doors: Doors, folder: str, held: Mapping[AssetName, AssetRecord], wanted: Iterable[Asset]
) -> dict[AssetName, Fetched]:
    """Return those of the `wanted` assets whose URL a held one came from; its file serves both.

    `folder` is the generation's, relative to the archive. The file is looked into again: the new name has
    promises of its own.
    """
    shared: dict[AssetName, Fetched] = {}
    for asset in wanted:
        twin = next((name for name, record in held.items() if _is_same(record, asset)), None)
        if twin is None:
            continue
        file = await _look_into(doors, folder, held[twin])
        if file:
            shared[asset.name] = Fetched(file, same_as=twin)
    return shared


async def review(
    doors: Doors, folder: str, held: Mapping[AssetName, AssetRecord]
) -> tuple[dict[AssetName, AssetOutcome], set[AssetName]]:
    """Look into held files that nobody has looked into yet, as if they had come just now.

    Return what each holds, and the names of those whose bytes are not the recorded ones any more.
    """
    found: dict[AssetName, AssetOutcome] = {}
    damaged: set[AssetName] = set()
    for name, record in held.items():
        digest = None
        # What cannot be read is as good as lost, and no other file's concern.
        with suppress(ArchiveError):
            digest = await run_in_thread(_digest, doors.archive, folder, record)
        if digest is None or digest != record.sha256:
            damaged.add(name)
        elif file := await _look_into(doors, folder, record):
            found[name] = Fetched(file, same_as=record.same_as)
    return found, damaged


def _digest(archive: Archive, folder: str, record: AssetRecord) -> str | None:
    with archive.open_folder(folder) as home:
        return sha256_of(home, record.file_name) if record.file_name else None


def _is_same(record: AssetRecord, asset: Asset) -> bool:
    if record.url is None or record.path is None or asset.url is None:
        return False
    return MediaUrl(record.url).resource == asset.url.resource


async def _look_into(doors: Doors, folder: str, record: AssetRecord) -> Downloaded | None:
    moment = parse_timestamp(record.downloaded_at or "")
    if record.file_name is None or record.sha256 is None or record.url is None or moment is None:
        return None
    path = doors.archive.root / folder / record.file_name
    inspection = await doors.inspector.inspect(path)
    if isinstance(inspection, NotMedia):
        return None
    return Downloaded(
        path=path,
        size=record.size or 0,
        sha256=record.sha256,
        url=MediaUrl(record.url),
        validator=Validator(etag=record.etag, last_modified=record.last_modified),
        inspection=inspection,
        finished_at=moment,
    )
