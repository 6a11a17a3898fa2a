"""What a folder's loader would stumble on, silently for the most part (datasets 5.2.0).

A file that no row lists is dropped, a row whose file is missing loads, another JSON file is taken for the
data, and a word like `test` in a file's name draws the file into that split where there is no card.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from archiver.dataset.formats.card import CARD
from archiver.dataset.formats.folderfields import PATHS
from archiver.dataset.plan import Sample, has_split_word

DATA = "data"
_LINES = msgspec.json.Decoder(dict[str, Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a loader reads: the extensions, without the dot, and whether a sample has one row alone."""

    extensions: frozenset[str]
    is_one_row_a_sample: bool


def flaws_of(folder: Path, rules: Rules, kept: Mapping[str, Sequence[Sample]]) -> list[str]:
    """Return what is wrong with what was written; `kept` are the samples that should be in it, by split."""
    found = {path for path in _files(folder) if not path.startswith(".")}
    flaws, wanted = [], {CARD}
    for split, samples in kept.items():
        if not samples:
            continue
        metadata = [f"{DATA}/{split}/metadata.{kind}" for kind in ("jsonl", "parquet")]
        present = [path for path in metadata if path in found]
        if len(present) != 1:
            flaws.append(f"{DATA}/{split} has {len(present)} files of metadata, not one")
            continue
        try:
            rows = _rows(folder / present[0])
        except ValueError:
            flaws.append(f"{present[0]} cannot be read")
            continue
        wanted.update(present, _listed(split, rows))
        flaws.extend(_flaws_of_rows(present[0], rows, rules, samples))
    flaws.extend(f"{path} is listed and not there" for path in sorted(wanted - found))
    flaws.extend(
        f"{path} is in no row: a loader drops it, or takes it for the data" for path in sorted(found - wanted)
    )
    return flaws + [flaw for path in sorted(found - {CARD}) if (flaw := _flaw_of_name(path, rules))]


def _files(folder: Path) -> Iterator[str]:
    return (path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())


def _rows(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq  # noqa: PLC0415 - an extra, and there where such a file was written

        return pq.read_table(path, partitioning=None).to_pylist()
    try:
        return _LINES.decode_lines(path.read_bytes())
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from error


def _listed(split: str, rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for row in rows:
        for name, value in row.items():
            if name == "file_name" or name.endswith("_file_name"):
                yield f"{DATA}/{split}/{value}"
            elif name in PATHS.values():
                yield str(value)


def _flaws_of_rows(
    path: str, rows: Sequence[Mapping[str, Any]], rules: Rules, samples: Sequence[Sample]
) -> Iterator[str]:
    ids = [str(row.get("id")) for row in rows]
    wanted = sorted(sample.example.id for sample in samples)
    if (sorted(ids) if rules.is_one_row_a_sample else sorted(set(ids))) != wanted:
        yield f"{path} has rows of {len(set(ids))} samples in {len(ids)} rows, and {len(wanted)} are written"
    if any(next(iter(row), None) != "file_name" for row in rows):
        yield f"{path} does not begin with the column file_name"


def _flaw_of_name(path: str, rules: Rules) -> str | None:
    name = path.rpartition("/")[2]
    if has_split_word(name):
        return f"{path} has a split's name in its own: a loader may take it for that split's"
    is_media = path.startswith(f"{DATA}/") and not name.startswith("metadata.")
    if is_media and name.rpartition(".")[2] not in rules.extensions:
        return f"{path} is of a kind that the loader does not read"
    return None
