"""A column of rows: how its values compare, and how a row's is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Generic, TypeVar

Row = TypeVar("Row")
Value = str | int | float | datetime | None
Predicate = Callable[[Row], bool]


class Kind(Enum):
    """How a column's values compare."""

    TEXT = "text"
    SIZE = "size"
    NUMBER = "number"
    MOMENT = "time"
    ANY = "any"
    """As numbers where the wanted value is one, else as texts: a manifest's columns hold anything."""


# No slots: with them, `Column[Row](…)` fails in Python 3.11 (cpython#90562).
@dataclass(frozen=True)
class Column(Generic[Row]):
    """One column of rows of this type."""

    kind: Kind
    read: Callable[[Row], Value]


Columns = Mapping[str, Column[Row]]


def names_of(columns: Columns[Row]) -> str:
    """Return all names, for messages and help."""
    return ", ".join(columns)
