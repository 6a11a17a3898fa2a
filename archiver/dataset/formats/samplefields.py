"""What a JSON file beside a clip says: the same keys and types in every sample, and never null.

Through `datasets` 5.2.0 the types are those of the first five samples (webdataset.py, `_split_generators`).
Tried: what is null in these and a number or text later fails to load; a list that is empty in them and filled
later fails, too; a key that comes later is dropped in silence; 1 in these and 1.5 later is read as 1. Hence:
what is unknown is an empty text, 0 or 0.0 (as the service itself writes what it does not know), several texts
are one with commas between them, and what has no shape of its own, the manifest's row and the service's
answer, is a text that is JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import msgspec

from archiver.dataset.facts import CLIP, ORIGINAL, Cell, Field, Type
from archiver.dataset.plan import Plan, Sample
from archiver.dataset.rows import documented_fields

Fields = tuple[Field[Sample], ...]

_OF_THE_CLIP = {field.name for field in CLIP}
_UNKNOWN: dict[Type, Cell] = {Type.INTEGER: 0, Type.SIZE: 0, Type.NUMBER: 0.0}


def plain_fields(plan: Plan, names: Iterable[str]) -> Fields:
    """Return those of the documented fields, of plain types and never null.

    Where clips are changed on their way, what the archive measured is `original_width` and so on.
    """
    documented = {field.name: field for field in documented_fields(plan.root)}
    prefix = "" if plan.options.transform.is_none else ORIGINAL
    return tuple(
        renamed(plain(documented[name]), prefix + name if name in _OF_THE_CLIP else name) for name in names
    )


def plain(field: Field[Sample]) -> Field[Sample]:
    """Return a field that is a text, an integer or a number, and never null."""
    kind = field.type if field.type in _UNKNOWN else Type.TEXT
    return replace(field, type=kind, read=partial(_plain, field.read, kind))


def renamed(field: Field[Sample], name: str) -> Field[Sample]:
    """Return it under another name."""
    return replace(field, name=name)


def row_of(fields: Fields, sample: Sample) -> dict[str, Cell]:
    """Return a sample's row. Raises `LostSampleError` where a field reads the disk."""
    return {field.name: field.read(sample) for field in fields}


def json_of(row: Mapping[str, Any]) -> bytes:
    """Return a row as a JSON object, its keys sorted, ending in a newline: the same row, the same bytes."""
    return msgspec.json.encode(row, order="sorted") + b"\n"


def _plain(read: Callable[[Sample], Cell], kind: Type, sample: Sample) -> Cell:
    value = read(sample)
    if value is None:
        return _UNKNOWN.get(kind, "")
    if isinstance(value, tuple):
        return ",".join(value)
    return float(value) if kind is Type.NUMBER else value
