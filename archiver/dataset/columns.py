"""The columns of examples, under the names that `--where`, `--caption` and `--split` use."""

from __future__ import annotations

from archiver.dataset.example import Example
from archiver.dataset.facts import CLIP, GENERATION, Field, Type, asset_status
from archiver.domain.filtering.column import Column, Columns, Kind, Value
from archiver.domain.identity import AssetName
from archiver.domain.timing import parse_timestamp

_KINDS = {
    Type.TEXT: Kind.TEXT,
    Type.TEXTS: Kind.TEXT,
    Type.JSON: Kind.TEXT,
    Type.INTEGER: Kind.NUMBER,
    Type.NUMBER: Kind.NUMBER,
    Type.SIZE: Kind.SIZE,
    Type.MOMENT: Kind.MOMENT,
    Type.BOOLEAN: Kind.ANY,
}


def _column(field: Field[Example]) -> Column[Example]:
    def value(example: Example) -> Value:
        cell = field.read(example)
        if isinstance(cell, tuple):
            return ",".join(cell)
        return parse_timestamp(cell) if field.type is Type.MOMENT and isinstance(cell, str) else cell

    return Column(_KINDS[field.type], value)


COLUMNS: Columns[Example] = {
    **{field.name: _column(field) for field in (*GENERATION, *CLIP)},
    **{name.value: Column(Kind.TEXT, asset_status(name)) for name in AssetName},
}
"""The documented ones: the assets' names stand for their status, as in `list --where`."""
