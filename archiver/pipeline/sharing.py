"""An asset whose bytes are here already under another name: fetched once, kept once, also across runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace

from archiver.domain.checks import NotMedia
from archiver.domain.errors import ArchiveError, UrlRefusedError
from archiver.domain.generation import Generation
from archiver.domain.identity import AssetName, MediaUrl
from archiver.domain.sidecar import AssetRecord
from archiver.domain.timing import parse_timestamp
from archiver.domain.transfer import Validator
from archiver.pipeline.doors import Doors
from archiver.pipeline.download import Downloaded
from archiver.pipeline.fetch import AssetOutcome, Fetched
from archiver.pipeline.item import HeldGeneration
from archiver.runtime.threads import run_in_thread
from archiver.storage.archive import Archive
from archiver.storage.files import sha256_of

_TWINS = {AssetName.VIDEO: AssetName.VIDEO_RAW, AssetName.VIDEO_RAW: AssetName.VIDEO}


async def share_held(
    doors: Doors, held: HeldGeneration, generation: Generation, names: Iterable[AssetName]
) -> dict[AssetName, AssetOutcome]:
    """Return those of these assets that are offered under a held one's URL; its file serves both.

    It came from there, and its bytes are still the recorded ones. It is looked into again: the new name has
    promises of its own. What is flagged is asked of the host all the same.
    """
    shared: dict[AssetName, AssetOutcome] = {}
    for name in set(names) - held.flagged.keys():
        same = (twin for twin in held.kept if _is_under_one_url(generation, name, twin, held.records[twin]))
        twin = next(same, None)
        if twin and held.folder and await _is_intact(doors, held.folder, held.records[twin]):
            file = await _look_into(doors, held.folder, held.records[twin])
            if file:
                shared[name] = Fetched(file, same_as=twin)
    return shared


async def link_held(
    doors: Doors, held: HeldGeneration, outcomes: Mapping[AssetName, AssetOutcome]
) -> dict[AssetName, AssetOutcome]:
    """Return the outcomes, where one clip came with the bytes of the other, which is held: kept once."""
    linked = dict(outcomes)
    for name, outcome in outcomes.items():
        twin = _TWINS.get(name)
        record = held.records.get(twin) if twin and twin not in outcomes else None
        if not (isinstance(outcome, Fetched) and record and record.sha256 == outcome.file.sha256):
            continue
        if held.folder and await _is_intact(doors, held.folder, record):
            linked[name] = replace(outcome, same_as=twin)
    return linked


async def review(
    doors: Doors, folder: str, held: Mapping[AssetName, AssetRecord]
) -> tuple[dict[AssetName, AssetOutcome], set[AssetName]]:
    """Look into held files that nobody has looked into yet, as if they had come just now.

    Return what each holds, and the names of those whose bytes are not the recorded ones any more.
    """
    found: dict[AssetName, AssetOutcome] = {}
    damaged: set[AssetName] = set()
    for name, record in held.items():
        if not await _is_intact(doors, folder, record):
            damaged.add(name)
        elif file := await _look_into(doors, folder, record):
            found[name] = Fetched(file, same_as=record.same_as)
    return found, damaged


async def _is_intact(doors: Doors, folder: str, record: AssetRecord) -> bool:
    # What cannot be read is as good as lost, and no other file's concern.
    with suppress(ArchiveError):
        digest = await run_in_thread(_digest, doors.archive, folder, record)
        return digest is not None and digest == record.sha256
    return False


def _digest(archive: Archive, folder: str, record: AssetRecord) -> str | None:
    with archive.open_folder(folder) as home:
        return sha256_of(home, record.file_name) if record.file_name else None


def _is_under_one_url(generation: Generation, name: AssetName, twin: AssetName, record: AssetRecord) -> bool:
    """Tell whether two assets are offered under one URL, from which the twin's file came."""
    asset, other = generation.assets.get(name), generation.assets.get(twin)
    if asset is None or other is None or asset.url is None or other.url is None or record.url is None:
        return False
    try:
        came_from = MediaUrl.parse(record.url).resource
    except UrlRefusedError:  # edited by hand
        return False
    return asset.url.full == other.url.full and asset.url.resource == came_from


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
