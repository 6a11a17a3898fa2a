"""The columns that manifests brought, as fields: a name that is free, and a type that fits every value."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from typing import Any

import msgspec

from archiver.dataset.example import Example
from archiver.dataset.facts import Cell, Field, Type

_PREFIX = "manifest_"
_WORDS_BITS = 64
EXACT_INTEGER = 2**53
"""Up to here every integer is one as a float, too (IEEE 754)."""
_WIDE = "wide"
"""The kind of an integer that is none as a float."""

_TYPES: dict[frozenset[str], Type] = {
    frozenset(): Type.TEXT,
    frozenset({"str"}): Type.TEXT,
    frozenset({"bool"}): Type.BOOLEAN,
    frozenset({"int"}): Type.INTEGER,
    frozenset({_WIDE}): Type.INTEGER,
    frozenset({"int", _WIDE}): Type.INTEGER,
    frozenset({"float"}): Type.NUMBER,
    frozenset({"int", "float"}): Type.NUMBER,
}


def manifest_fields(rows: Iterable[Mapping[str, Any]], taken: Collection[str]) -> list[Field[Example]]:
    """Return a field for each column that these rows have, in the order of the names.

    A name that is taken, in whatever case (DuckDB does not tell them apart), gets `manifest_` before it.
    `tags` have a documented column. Values of several types, lists and objects are JSON.
    """
    kinds = defaultdict[str, set[str]](set)
    for row in rows:
        for name, value in row.items():
            kinds[name] |= _kinds_of(value)
    used = {name.casefold() for name in taken}
    fields = []
    for name in sorted(kinds.keys() - {"tags"}):
        shown = name or _PREFIX
        while shown.casefold() in used:
            shown = _PREFIX + shown
        used.add(shown.casefold())
        kind = _TYPES.get(frozenset(kinds[name]), Type.JSON)
        fields.append(Field[Example](shown, kind, "the manifest's", partial(_read, name, _CELLS[kind])))
    return fields


def json_text(value: Any) -> str:  # noqa: ANN401 - whatever JSON holds
    """Return a value as JSON, its keys sorted."""
    return msgspec.json.encode(value, order="sorted").decode()


def _kinds_of(value: Any) -> set[str]:  # noqa: ANN401 - whatever JSON holds
    if value is None:
        return set()
    if type(value) is int and abs(value) > EXACT_INTEGER:
        return {_WIDE if value.bit_length() < _WORDS_BITS else "huge"}
    return {type(value).__name__}


def _read(name: str, cell: Callable[[Any], Cell], example: Example) -> Cell:
    value = example.row.get(name)
    return None if value is None else cell(value)


def _as_it_is(value: Any) -> Cell:  # noqa: ANN401 - one of the types of a cell
    return value  # type: ignore[no-any-return]  # `_TYPES` says which


_CELLS: dict[Type, Callable[[Any], Cell]] = {
    Type.TEXT: _as_it_is,
    Type.BOOLEAN: _as_it_is,
    Type.INTEGER: _as_it_is,
    Type.NUMBER: float,
    Type.JSON: json_text,
}
