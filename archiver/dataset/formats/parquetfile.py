"""Parquet files of rows. It imports pyarrow, an extra and slow to load: import this module late.

Everything that decides bytes is set here: with one version of pyarrow the same rows are the same file.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from archiver.dataset.facts import Field, Type
from archiver.dataset.output import Output
from archiver.domain.timing import parse_timestamp
from archiver.version import __version__

# A group of rows is held whole by who writes it, and by who reads it.
GROUP_ROWS = 1000
GROUP_BYTES = 64_000_000

_EMBEDDED = pa.struct([pa.field("bytes", pa.binary()), pa.field("path", pa.string())])
_TEXTS = pa.list_(pa.string())
_TYPES: dict[Type, pa.DataType] = {
    Type.TEXT: pa.string(),
    Type.JSON: pa.string(),
    Type.INTEGER: pa.int64(),
    Type.SIZE: pa.int64(),
    Type.NUMBER: pa.float64(),
    Type.BOOLEAN: pa.bool_(),
    Type.MOMENT: pa.timestamp("us", tz="UTC"),
    Type.TEXTS: _TEXTS,
}


def schema_of(fields: Iterable[Field[Any]], embedded: Mapping[str, str]) -> pa.Schema:
    """Return the table's schema, in which a column of nulls alone has its type, too.

    `embedded` are columns of files, each with the feature that `datasets` makes of it: Video or Image
    (datasets 5.2.0, features.py: `Features.from_arrow_schema` reads them from the schema's metadata).
    """
    columns = [_column(field.name, _TYPES[field.type], field.meaning) for field in fields]
    files = [_column(name, _EMBEDDED, "the file itself") for name in embedded]
    metadata: dict[bytes | str, bytes | str] = {"program": "luma-archiver", "version": __version__}
    if embedded:
        features = {name: {"_type": feature} for name, feature in embedded.items()}
        metadata["huggingface"] = json.dumps({"info": {"features": features}})
    return pa.schema([*columns, *files], metadata=metadata)


def with_moments(fields: Iterable[Field[Any]], row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row as Arrow takes it: times are no texts."""
    moments = {field.name: parse_timestamp(row[field.name] or "") for field in fields if _is_moment(field)}
    return {**row, **moments}


def write_parquet(output: Output, schema: pa.Schema, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write rows as a Parquet file, of which a group is held at a time. Raises what `Output.write` raises."""
    leaves = {field.name: f"{field.name}.list.element" for field in schema if field.type == _TEXTS}
    packed = [leaves.get(field.name, field.name) for field in schema if field.type != _EMBEDDED]
    with pq.ParquetWriter(
        pa.PythonFile(_Sink(output), mode="w"),
        schema,
        version="2.6",
        data_page_version="1.0",
        # Clips and pictures are packed already: they stay as they are.
        compression=dict.fromkeys(packed, "zstd"),
        compression_level=dict.fromkeys(packed, 3),
        use_dictionary=packed,  # type: ignore[arg-type]  # the stubs do not know that columns can be named
        write_statistics=packed,
    ) as writer:
        for group in _groups(rows):
            writer.write_batch(pa.RecordBatch.from_pylist(group, schema=schema))


def read_footer(path: Path) -> tuple[pa.Schema, int]:
    """Return a file's schema and number of rows. Raises `ValueError`, `OSError` where it is not whole."""
    with pq.ParquetFile(path) as file:
        return file.schema_arrow, file.metadata.num_rows


def _column(name: str, kind: pa.DataType, meaning: str) -> pa.Field[Any]:
    return pa.field(name, kind, metadata={"description": meaning})


def _is_moment(field: Field[Any]) -> bool:
    return field.type is Type.MOMENT


class _Sink(io.RawIOBase):
    """What pyarrow writes to: a file as Python has them."""

    def __init__(self, output: Output) -> None:
        super().__init__()
        self._output = output

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:  # noqa: ANN401 - whatever has a buffer
        return self._output.write(memoryview(data))

    def tell(self) -> int:
        return self._output.size


def _groups(rows: Iterable[Mapping[str, Any]]) -> Iterator[Sequence[Mapping[str, Any]]]:
    group: list[Mapping[str, Any]] = []
    held = 0
    for row in rows:
        size = _size_of(row)
        if group and (len(group) == GROUP_ROWS or held + size > GROUP_BYTES):
            yield group
            group, held = [], 0
        group.append(row)
        held += size
    if group:
        yield group


def _size_of(row: Mapping[str, Any]) -> int:
    cells = (cell["bytes"] if isinstance(cell, dict) else cell for cell in row.values())
    return sum(len(cell) for cell in cells if isinstance(cell, str | bytes))
