"""The record of a dataset, `.dataset/dataset.json`: what is in it and how to make it again.

It stands in a hidden folder: loaders pass those over, and take a JSON file beside clips for data.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from archiver.dataset.options import ExportOptions
from archiver.dataset.plan import Plan
from archiver.domain.errors import UsageError
from archiver.domain.naming import is_name
from archiver.version import __version__

RECORD_FOLDER, RECORD = ".dataset", "dataset.json"
_SCHEMA_VERSION = 1


class FileRecord(Struct, frozen=True, kw_only=True):
    """One file of the dataset: `path` below DEST with `/`, `samples` how many it has."""

    path: str
    bytes: int
    sha256: str
    samples: int


class DatasetRecord(Struct, frozen=True, kw_only=True):
    """All of a dataset, and nothing that differs from run to run; `ids` are by split."""

    schema_version: int = _SCHEMA_VERSION
    format: str
    archiver_version: str
    fingerprint: str
    options: ExportOptions
    transform: dict[str, Any]
    counts: dict[str, int]
    ids: dict[str, tuple[str, ...]]
    files: tuple[FileRecord, ...]

    @property
    def all_ids(self) -> frozenset[str]:
        """The ids of all splits: what is exported of an archive to make the dataset again."""
        return frozenset(name for names in self.ids.values() for name in names)


def encode_record(record: DatasetRecord) -> bytes:
    """Return the record as indented JSON ending in a newline: the same record gives the same bytes."""
    return msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n"


def decode_record(data: bytes) -> DatasetRecord:
    """Return the record in `data`. Raises `ValueError` where it is none, or of a later version."""
    try:
        record = msgspec.json.decode(data, type=DatasetRecord)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(str(error)) from error
    if not all(is_name(name) for file in record.files for name in file.path.split("/")):
        msg = "it lists files outside of the dataset"
        raise ValueError(msg)
    if record.schema_version > _SCHEMA_VERSION:
        msg = f"version {record.schema_version} is newer than this program's {_SCHEMA_VERSION}"
        raise ValueError(msg)
    return record


def load_record(path: Path) -> DatasetRecord:
    """Return the record at `path`, or in the dataset that is there. Raises `UsageError`."""
    file = path / RECORD_FOLDER / RECORD if path.is_dir() else path
    try:
        return decode_record(file.read_bytes())
    except OSError as error:
        msg = f"{file} cannot be read: {error.strerror}: give the dataset.json of an export"
    except ValueError as error:
        msg = f"{file} is not the record of an export ({error}): give its {RECORD_FOLDER}/{RECORD}"
    raise UsageError(msg)


def fingerprint(plan: Plan, transform: Mapping[str, Any]) -> str:
    """Return a digest of all that decides the dataset's bytes: options, program, samples, their digests."""
    digest = hashlib.sha256()
    digest.update(msgspec.json.encode((__version__, plan.options, transform, plan.assets)))
    for split, samples in plan.samples.items():
        for sample in samples:
            digest.update(msgspec.json.encode((split, sample)))
    return digest.hexdigest()
