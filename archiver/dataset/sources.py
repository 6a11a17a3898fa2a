"""The archive as whoever exports it sees it: its generations as examples, and the columns that these have."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from archiver.dataset.columns import COLUMNS
from archiver.dataset.example import Example, example_of
from archiver.domain.errors import SidecarError
from archiver.domain.filtering.column import Column, Columns, Kind, Value
from archiver.storage.archive import Archive

_PREFIX = "manifest_"


def read_examples(archive: Archive) -> Iterator[tuple[str, Example | SidecarError]]:
    """Give every generation's folder and example; one whose sidecar cannot be used as its error.

    Raises `ArchiveError`.
    """
    for folder, sidecar in archive.sidecars():
        yield folder, sidecar if isinstance(sidecar, SidecarError) else example_of(sidecar, folder)


def columns_of(examples: Iterable[Example]) -> Columns[Example]:
    """Return all columns: the documented ones, and those that some manifest brought.

    One of a manifest that has a documented one's name is there with `manifest_` before it.
    """
    names = sorted({name for example in examples for name in example.row if name})
    brought = {
        f"{_PREFIX}{name}" if name.lower() in COLUMNS else name: Column[Example](
            Kind.ANY, partial(_read, name)
        )
        for name in names
    }
    return {**COLUMNS, **brought}


def _read(name: str, example: Example) -> Value:
    return _plain(example.row.get(name))


def _plain(value: Any) -> Value:  # noqa: ANN401 - whatever JSON holds
    """Return a manifest's value as one that compares: JSON's words for booleans, lists by commas."""
    match value:
        case None | str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return value
        case list():
            return ",".join(str(_plain(part)) for part in value if part is not None)
        case _:
            return json.dumps(value, ensure_ascii=False)
