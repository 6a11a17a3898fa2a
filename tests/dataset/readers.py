"""Tables as the libraries read them that people have: every row by its id, what is unknown as None."""

from __future__ import annotations

import csv
import gc
import json
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Rows = dict[str, dict[str, Any]]
Reader = Callable[[Path], Rows]


def by_csv(folder: Path) -> Rows:
    """Read CSV by Python's own module, which knows texts alone."""
    with long_fields():
        return _by_id(row for path in folder.glob("*.csv") for row in _records(path))


def by_json(folder: Path) -> Rows:
    """Read JSON Lines by Python's own module."""
    lines = (line for path in folder.glob("*.jsonl") for line in path.read_bytes().split(b"\n") if line)
    return _by_id(map(json.loads, lines))


def by_polars(folder: Path) -> Rows:
    """Read by Polars; CSV and JSON Lines with types taken from all rows."""
    import polars as pl  # noqa: PLC0415 - takes a while to import

    if list(folder.glob("*.csv")):
        frames = [pl.read_csv(path, infer_schema_length=None) for path in folder.glob("*.csv")]
    elif list(folder.glob("*.jsonl")):
        frames = [pl.read_ndjson(path, infer_schema_length=None) for path in folder.glob("*.jsonl")]
    else:
        frames = [pl.scan_parquet(f"{folder}/**/*.parquet").collect()]
    return _by_id(row for frame in frames for row in frame.to_dicts())


def by_duckdb(folder: Path) -> Rows:
    """Read by DuckDB, which also tells an empty text from null if it is asked to."""
    import duckdb  # noqa: PLC0415 - takes a while to import

    if list(folder.glob("*.csv")):
        calls = [f"read_csv('{path}', allow_quoted_nulls=false)" for path in folder.glob("*.csv")]
    elif list(folder.glob("*.jsonl")):
        calls = [f"read_json('{path}')" for path in folder.glob("*.jsonl")]
    else:
        calls = [f"read_parquet('{folder}/**/*.parquet')"]
    with duckdb.connect() as connection:
        return _by_id(row for call in calls for row in _fetched(connection, call))


def by_pandas(folder: Path) -> Rows:
    """Read by pandas, told that only an empty cell is null."""
    import pandas as pd  # noqa: PLC0415 - takes a while to import

    if list(folder.glob("*.csv")):
        frames = [
            pd.read_csv(path, keep_default_na=False, na_values=[""], dtype={"caption": str, "prompt": str})
            for path in folder.glob("*.csv")
        ]
    elif list(folder.glob("*.jsonl")):
        frames = [pd.read_json(path, lines=True, dtype=False) for path in folder.glob("*.jsonl")]
    else:
        frames = [pd.read_parquet(folder / "data")]
    return _by_id(row for frame in frames for row in frame.to_dict("records"))


def by_pyarrow(folder: Path) -> Rows:
    """Read Parquet by pyarrow, the folder as a whole."""
    import pyarrow.dataset as pads  # noqa: PLC0415 - takes a while to import

    return _by_id(pads.dataset(folder, format="parquet").to_table().to_pylist())


def by_datasets(folder: Path) -> Rows:
    """Read as a newcomer does, by `load_dataset(folder)`."""
    return _by_id(row for rows in load(folder).values() for row in rows)


def load(folder: Path) -> Mapping[str, Any]:
    """Return what `datasets` makes of a folder, by split; media are not decoded, which takes torchcodec."""
    import datasets  # noqa: PLC0415 - takes two seconds to import

    datasets.disable_progress_bars()
    with warnings.catch_warnings():
        # It leaves the files of CSV to the garbage collector (datasets 4.4.2 with pandas 2.2.3).
        warnings.simplefilter("ignore", ResourceWarning)
        found = datasets.load_dataset(str(folder), cache_dir=str(folder.parent / "cache"))
        gc.collect()
    return {split: _undecoded(rows, datasets) for split, rows in found.items()}


def _undecoded(rows: Any, library: Any) -> Any:  # noqa: ANN401 - a library without types
    for name, feature in rows.features.items():
        if isinstance(feature, library.Video | library.Image):
            rows = rows.cast_column(name, type(feature)(decode=False))
    return rows


@contextmanager
def long_fields() -> Iterator[None]:
    """Let Python's own module read answers over its 128 KiB."""
    before = csv.field_size_limit(10**9)
    yield
    csv.field_size_limit(before)


def _records(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _fetched(connection: Any, call: str) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - DuckDB's
    found = connection.sql(f"select * from {call}")  # noqa: S608 - a test's own path
    for row in found.fetchall():
        yield dict(zip(found.columns, row, strict=True))


def _by_id(rows: Iterable[Mapping[Any, Any]]) -> Rows:
    found = list(rows)
    by_id = {row["id"]: {str(name): _plain(cell) for name, cell in row.items()} for row in found}
    assert len(by_id) == len(found)
    return by_id


def _plain(cell: Any) -> Any:  # noqa: ANN401 - whatever a library makes of a cell
    found = cell.tolist() if hasattr(cell, "tolist") else cell
    is_unknown = found != found  # noqa: PLR0124 - NaN and NaT, and nothing else
    return None if is_unknown else found
