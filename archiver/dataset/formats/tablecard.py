"""The card of a table: a README.md whose YAML tells `datasets` which file is which split, and every type."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from archiver.dataset.facts import Field, Type
from archiver.dataset.manifest_fields import EXACT_INTEGER
from archiver.dataset.plan import Plan, Sample
from archiver.dataset.rows import Fields, documented_fields
from archiver.version import __version__


@dataclass(frozen=True, slots=True, kw_only=True)
class Loading:
    """What a loader is told: lines of YAML, and types, which differ where some value is unknown."""

    note: str
    """What a person is told."""
    options: tuple[str, ...]
    types: Mapping[Type, str]
    types_with_nulls: Mapping[Type, str]


_TYPES = {
    Type.TEXT: "dtype: string",
    Type.JSON: "dtype: string",
    Type.INTEGER: "dtype: int64",
    Type.SIZE: "dtype: int64",
    Type.NUMBER: "dtype: float64",
    Type.BOOLEAN: "dtype: bool",
}

JSON_LOADING = Loading(
    note="Texts that all look like times, Arrow and `datasets` take for times: Parquet says which are.",
    options=(),
    # Arrow makes times of texts that look like some before it asks what they should be.
    types={**_TYPES, Type.MOMENT: "dtype: timestamp[us, tz=UTC]", Type.TEXTS: "list: string"},
    types_with_nulls={},
)

CSV_LOADING = Loading(
    note='An unknown value is nothing between the commas; a text that is empty is `""`.',
    # Or pandas takes prompts like NA and None for null (pandas.read_csv: na_values).
    options=("keep_default_na: false", "na_values:", '- ""'),
    types={**_TYPES, Type.MOMENT: "dtype: string", Type.TEXTS: "dtype: string"},
    # The loader reads by NumPy's types, which have no null (datasets 5.2.0, csv.py: to_pandas_dtype).
    types_with_nulls={
        Type.INTEGER: "dtype: float64",
        Type.SIZE: "dtype: float64",
        Type.BOOLEAN: "dtype: string",
    },
)


def table_card(
    fields: Fields, plan: Plan, files: Mapping[str, str], contents: str, loading: Loading
) -> bytes:
    """Return the card of a table with these files by split; `contents` is the digest of what is in them."""
    begin = ("---", "configs:", "- config_name: default", f"  description: {_quoted('contents ' + contents)}")
    lines = [*begin, *_files_and_types(fields, plan, files, loading), "", *_text(plan, loading.note)]
    return ("\n".join(lines) + "\n").encode()


def _files_and_types(fields: Fields, plan: Plan, files: Mapping[str, str], loading: Loading) -> Iterator[str]:
    yield "  data_files:"
    for split, path in files.items():
        yield from (f"  - split: {_quoted(split)}", f"    path: {_quoted(path)}")
    yield from (f"  {line}" for line in loading.options)
    yield "  features:"
    for field in fields:
        yield from (f"  - name: {_quoted(field.name)}", f"    {_type_of(field, plan, loading)}")
    yield "---"


def _type_of(field: Field[Sample], plan: Plan, loading: Loading) -> str:
    with_nulls = loading.types_with_nulls.get(field.type)
    samples = (sample for found in plan.samples.values() for sample in found)
    cells = {field.read(sample) for sample in samples} if with_nulls else {}
    if with_nulls is None or None not in cells:
        return loading.types[field.type]
    is_wide = any(isinstance(cell, int) and abs(cell) > EXACT_INTEGER for cell in cells)
    return loading.types[Type.TEXT] if is_wide else with_nulls


def _text(plan: Plan, note: str) -> Iterable[str]:
    yield from ("# Generated videos: what is known of them", "")
    yield from ("```python", "from datasets import load_dataset", "")
    yield from ('dataset = load_dataset("path/to/this/folder")', "```", "", note, "")
    yield from ("| column | type | meaning |", "|---|---|---|")
    yield from (f"| {one.name} | {one.type} | {one.meaning} |" for one in documented_fields(plan.root))
    yield from ("", "All other columns are the manifest's.", "", f"Made by luma-archiver {__version__}.")


def _quoted(text: str) -> str:
    """Return a text in double quotes (YAML 1.2 §7.3.1), with escapes for what cannot be printed."""
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(character: str) -> str:
    is_plain = character.isprintable() and character not in {'"', "\\"}
    return character if is_plain else f"\\U{ord(character):08x}"
