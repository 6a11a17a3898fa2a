"""The tag files of a bag (RFC 8493): what says what is in it. The same payload gives the same bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from archiver.domain.quantity import show_size
from archiver.domain.timing import parse_timestamp
from archiver.version import __version__

PAYLOAD = "data"
MANIFEST, BAGIT, BAG_INFO = "manifest-sha256.txt", "bagit.txt", "bag-info.txt"
TAGMANIFEST = "tagmanifest-sha256.txt"
TAG_FILES = (MANIFEST, BAGIT, BAG_INFO, TAGMANIFEST)
# RFC 8493 §2.1.1: these two lines, in UTF-8 without a byte-order mark.
_DECLARATION = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"


@dataclass(frozen=True, slots=True)
class PayloadFile:
    """A file of the payload: `path` begins with `data/`."""

    path: str
    size: int
    sha256: str


def tag_files(payload: Iterable[PayloadFile], archived_at: Iterable[str]) -> dict[str, bytes]:
    """Return the tag files by name.

    The bag's date is the newest in `archived_at`, not today's: so the same bag is the same bytes.
    """
    files = sorted(payload, key=lambda file: file.path)
    manifest = "".join(f"{file.sha256}  {file.path}\n" for file in files).encode()
    tags = {
        MANIFEST: manifest,
        BAGIT: _DECLARATION.encode(),
        BAG_INFO: _info(files, _newest(archived_at), _digest(manifest)).encode(),
    }
    lines = (f"{_digest(tags[name])}  {name}\n" for name in sorted(tags))
    return {**tags, TAGMANIFEST: "".join(lines).encode()}


def _info(files: list[PayloadFile], newest: datetime | None, digest: str) -> str:
    size = sum(file.size for file in files)
    date = {"Bagging-Date": newest.date().isoformat()} if newest else {}
    elements = {
        "Bag-Software-Agent": f"luma-archiver {__version__}",
        **date,
        # Whoever has the same payload has the same identifier.
        "External-Identifier": f"sha256:{digest}",
        "Bag-Size": show_size(size),
        "Payload-Oxum": f"{size}.{len(files)}",
    }
    return "".join(f"{label}: {value}\n" for label, value in elements.items())


def _newest(texts: Iterable[str]) -> datetime | None:
    return max(filter(None, map(parse_timestamp, texts)), default=None)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
