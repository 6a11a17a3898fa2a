"""What a file's path says of it: which generation it may belong to, which asset it may be. No I/O."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePath

from archiver.domain.errors import ManifestRowError
from archiver.domain.identity import AssetName, GenerationId, parse_id

# The service's own ids, and hardly anything else that is long enough to be told apart anywhere in a name.
_UUID = re.compile(r"(?<![0-9a-fA-F])[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?![0-9a-fA-F])")
_SEPARATOR = re.compile(r"[ _.\-]")
# By words in its name: the first that fits.
_WORDS = (
    (re.compile(r"last.?frame"), AssetName.LAST_FRAME),
    (re.compile(r"thumb"), AssetName.THUMBNAIL),
    (re.compile(r"(?<![a-z])raw(?![a-z])"), AssetName.VIDEO_RAW),
    (re.compile(r"watermark"), AssetName.VIDEO),
)


def uuids_in(path: PurePath) -> Iterator[GenerationId]:
    """Give the UUIDs in a path, those of the file's own name first, then of the folders above it."""
    for part in _parts(path):
        for found in _UUID.finditer(part):
            yield GenerationId(found[0])


def ids_in(path: PurePath) -> Iterator[GenerationId]:
    """Give everything in a path that could be an id: UUIDs, whole names, and how names begin."""
    yield from uuids_in(path)
    for part in _parts(path):
        ends = [len(part), *(found.start() for found in _SEPARATOR.finditer(part))]
        # The longest first: `g-1_thumbnail` is about g-1, not about g.
        for end in sorted(ends, reverse=True):
            try:
                yield parse_id(part[:end])
            except ManifestRowError:
                continue


def asset_named(path: PurePath) -> AssetName | None:
    """Return the asset that a file's name tells of, or None."""
    name = path.stem.lower()
    return next((asset for words, asset in _WORDS if words.search(name)), None)


def _parts(path: PurePath) -> Iterator[str]:
    yield path.stem
    for folder in path.parents:
        yield folder.name
