"""What happens to an archive on its disk between two nights: files rot or go, the index goes or rots."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from archiver.domain.naming import INDEX
from tests.nightly.expectation import Expectation, Kept, files_of
from tests.nightly.story import Fault, Kind, Night

_ROTTEN_FROM, _ROTTEN_BYTES = 4096, 4096

T = TypeVar("T")


def spoil(archive: Path, expectation: Expectation, night: Night) -> None:
    """Do what the night's fault says, to the disk and to what is expected of it."""
    match night.fault:
        case Fault.INDEX_LOST:
            (archive / INDEX).unlink()
        case Fault.INDEX_ROTTEN:
            with (archive / INDEX).open("r+b") as file:
                file.seek(_ROTTEN_FROM)
                file.write(b"\xa5" * _ROTTEN_BYTES)
        case Fault.ROT:
            kept = _drawn([kept for kept in expectation.kept.values() if _may_rot(kept)], night.lot)
            name = _drawn(files_of(kept), night.lot)
            expectation.rot(kept.life, name)
            _rot(path_of(archive, kept.life.id, name))
        case Fault.FILE_LOST:
            kept = _drawn([kept for kept in expectation.kept.values() if _may_lose(kept)], night.lot)
            expectation.lose(kept.life, "thumbnail")
            path_of(archive, kept.life.id, "thumbnail").unlink()
        case _:
            return


def path_of(archive: Path, generation_id: str, name: str) -> Path:
    """Return an asset's file, whatever its extension. Raises `ValueError` where there is none."""
    (path,) = archive.glob(f"generations/*/*/{generation_id}/{name}.*")
    return path


def _may_rot(kept: Kept) -> bool:
    # What was only ever known from a saved answer cannot be had a second time.
    return bool(files_of(kept)) and kept.life.kind is not Kind.SAVED


def _may_lose(kept: Kept) -> bool:
    return _may_rot(kept) and kept.is_sound and kept.debt is None and kept.life.could_be_had


def _drawn(choices: Sequence[T], lot: float) -> T:
    return choices[int(lot * len(choices))]


def _rot(path: Path) -> None:
    """Flip the bits of a byte in the middle; the times stay."""
    found = path.stat()
    with path.open("r+b") as file:
        file.seek(found.st_size // 2)
        (byte,) = file.read(1)
        file.seek(found.st_size // 2)
        file.write(bytes([byte ^ 0xFF]))
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))
