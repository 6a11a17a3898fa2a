"""What holds of an archive at any moment, and what besides holds of one whose run has ended."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

from jsonschema import Draft202012Validator

from archiver.domain.identity import AssetName
from archiver.domain.sidecar import AssetRecord, AssetStatus, Sidecar, decode_sidecar
from archiver.domain.transfer import OVERLAP_UNDER_VALIDATOR_BYTES
from archiver.storage.archive import Archive
from archiver.storage.index import Index
from archiver.storage.schema import sidecar_schema
from tests.crash.world import World

_VALIDATOR = Draft202012Validator(sidecar_schema())
_SIDECAR = "sidecar.json"


def broken_at_any_moment(archive: Path, world: World) -> Iterator[str]:
    """Say what is wrong: a sidecar that is none or lies, a final name with other bytes than were served."""
    for folder in _folders(archive):
        for path in folder.iterdir():
            if path.name == _SIDECAR:
                yield from _broken_sidecar(path)
            elif _digest(path) not in world.versions.get((folder.name, AssetName(path.stem)), ()):
                yield f"{path} is not what was served: {path.stat().st_size} bytes"


def broken_at_the_end(archive: Path, world: World) -> Iterator[str]:
    """Say what is wrong once a run has ended: something is missing, left over, or not in the index."""
    sidecars = read_sidecars(archive)
    if sidecars.keys() != world.served.keys():
        yield f"archived are {sorted(sidecars)}"
    for generation_id, sidecar in sidecars.items():
        whole = {name for name, record in sidecar.assets.items() if record.status is not AssetStatus.MISSING}
        if whole != world.files(generation_id).keys():
            yield f"{generation_id} has {sorted(whole)}"
        listed = {record.path for record in sidecar.assets.values()} | {_SIDECAR}
        there = {path.name for folder in _folders(archive, generation_id) for path in folder.iterdir()}
        if listed != there:
            yield f"{generation_id} lists {sorted(map(str, listed))}, there are {sorted(there)}"
    left = {path.name for path in archive.iterdir()} - {"generations", "index.sqlite3", "runs.jsonl"}
    if left:
        yield f"left over: {sorted(left)}"
    yield from _broken_index(archive, sidecars)


def still_to_fetch(archive: Path, world: World, *, again: str | None) -> dict[str, int]:
    """Return how many bytes the next run may ask for, by path on the host.

    A committed file costs nothing, unless it is a mismatched one of the generation to be fetched `again`;
    an unfinished one its rest and the overlap.
    """
    sidecars = read_sidecars(archive)
    rest: dict[str, int] = {}
    for generation_id in world.served:
        sidecar = sidecars.get(generation_id)
        for name, file in world.files(generation_id).items():
            if _is_kept(sidecar, name, is_again=generation_id == again):
                rest.setdefault(file.path, 0)
            else:
                # Assets that share a URL share the download of the first of them that is wanted.
                sharing = _sharing(world, generation_id, name)
                held = max(_held(archive, generation_id, other) for other in sharing)
                rest[file.path] = _rest(len(file.body), held)
    return rest


def read_sidecars(archive: Path) -> dict[str, Sidecar]:
    """Return all sidecars by id."""
    return {
        folder.name: decode_sidecar((folder / _SIDECAR).read_bytes())
        for folder in _folders(archive)
        if (folder / _SIDECAR).exists()
    }


def _folders(archive: Path, generation_id: str = "*") -> list[Path]:
    return sorted(
        [
            *archive.glob(f"generations/[0-9]*/*/{generation_id}"),
            *archive.glob(f"generations/undated/{generation_id}"),
        ]
    )


def _broken_sidecar(path: Path) -> Iterator[str]:
    data = path.read_bytes()
    for error in _VALIDATOR.iter_errors(json.loads(data)):
        yield f"{path} is not valid: {error.message}"
    for record in decode_sidecar(data).assets.values():
        if record.path and not _is_true(path.parent, record):
            yield f"{path} lies about {record.path}"


def _is_true(folder: Path, record: AssetRecord) -> bool:
    path = folder / str(record.path)
    return path.is_file() and (path.stat().st_size, _digest(path)) == (record.size, record.sha256)


def _broken_index(archive: Path, sidecars: dict[str, Sidecar]) -> Iterator[str]:
    with Index.open(Archive.open(archive, writable=False), writable=False) as index:
        known = {entry.id: entry.verification for entry in index.entries()}
        if index.notice:
            yield f"the index says: {index.notice}"
    found = {name: sidecar.verification for name, sidecar in sidecars.items()}
    if known != found:
        yield f"the index knows {known}, there are {found}"


def _is_kept(sidecar: Sidecar | None, name: AssetName, *, is_again: bool) -> bool:
    record = sidecar.assets.get(name) if sidecar else None
    if record is None or record.status is AssetStatus.MISSING:
        return False
    return not (is_again and record.status is AssetStatus.MISMATCHED)


def _sharing(world: World, generation_id: str, name: AssetName) -> list[AssetName]:
    files = world.files(generation_id)
    return [other for other in files if files[other] is files[name]]


def _held(archive: Path, generation_id: str, name: AssetName) -> int:
    part, journal = (archive / f".partial/{generation_id}/{name}{end}" for end in (".part", ".json"))
    # Bytes without their journal are worth nothing; it is there before them.
    return part.stat().st_size if part.exists() and journal.exists() else 0


def _rest(size: int, held: int) -> int:
    if held in {0, size}:
        return size - held
    return size - held + min(held, OVERLAP_UNDER_VALIDATOR_BYTES)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
