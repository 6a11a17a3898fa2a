"""An asset that is here already under another name: one URL is fetched once, also across runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from archiver.domain.checks import NotMedia
from archiver.domain.generation import Asset
from archiver.domain.identity import AssetName, MediaUrl
from archiver.domain.sidecar import AssetRecord
from archiver.domain.timing import parse_timestamp
from archiver.domain.transfer import Validator
from archiver.pipeline.doors import Doors
from archiver.pipeline.download import Downloaded
from archiver.pipeline.fetch import Fetched


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


async def look_into_held(
    doors: Doors, folder: str, held: Mapping[AssetName, AssetRecord]
) -> dict[AssetName, Fetched]:
    """Return held assets as if they had come just now: nobody has looked into them yet."""
    looked_at: dict[AssetName, Fetched] = {}
    for name, record in held.items():
        file = await _look_into(doors, folder, record)
        if file:
            looked_at[name] = Fetched(file, same_as=record.same_as)
    return looked_at


def _is_same(record: AssetRecord, asset: Asset) -> bool:
    if record.url is None or record.path is None or asset.url is None:
        return False
    return MediaUrl(record.url).resource == asset.url.resource


async def _look_into(doors: Doors, folder: str, record: AssetRecord) -> Downloaded | None:
    moment = parse_timestamp(record.downloaded_at or "")
    if record.path is None or record.sha256 is None or record.url is None or moment is None:
        return None
    path = doors.archive.root / folder / record.path
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
