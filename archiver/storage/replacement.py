"""What a commit means for what stands in its place already. No I/O."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import msgspec

from archiver.domain.checks import MediaKind
from archiver.domain.errors import ErrorRecord
from archiver.domain.identity import AssetName
from archiver.domain.sidecar import AssetRecord, AssetStatus, Sidecar, verification_of

_REPLACED = ErrorRecord(kind="replaced", message="its file was being replaced when the run ended: run again")
_EXTENSIONS = {kind.extension for kind in MediaKind}


def withdraw(standing: Sidecar, coming: Sidecar, names: Collection[str]) -> Sidecar | None:
    """Return the standing sidecar without the assets whose files `names` will get other bytes.

    None where there is none of them: the standing one stays true while files are replaced.
    """
    digests = {record.path: record.sha256 for record in coming.assets.values()}
    spent = {
        name
        for name, record in standing.assets.items()
        if record.path in names and (record.sha256 is None or record.sha256 != digests.get(record.path))
    }
    if not spent:
        return None
    assets = {name: _without(record, name, spent) for name, record in standing.assets.items()}
    return msgspec.structs.replace(standing, assets=assets, verification=verification_of(assets))


def _without(record: AssetRecord, name: AssetName, spent: set[AssetName]) -> AssetRecord:
    if name in spent:
        return AssetRecord(
            status=AssetStatus.MISSING, url=record.url, expected=record.expected, error=_REPLACED
        )
    if record.same_as in spent:
        return msgspec.structs.replace(record, same_as=None)
    return record


def obsolete_files(names: Iterable[str], sidecar: Sidecar) -> list[str]:
    """Return those of a folder's `names` that are an asset's earlier file, under another extension."""
    paths = {asset.value: record.path for asset, record in sidecar.assets.items() if record.path}
    kept = set(paths.values())
    return [name for name in names if name not in kept and _is_file_of(name, paths)]


def _is_file_of(name: str, assets: Collection[str]) -> bool:
    stem, _, extension = name.rpartition(".")
    return stem in assets and extension in _EXTENSIONS
