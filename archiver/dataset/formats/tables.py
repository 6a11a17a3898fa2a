"""CSV and JSON Lines: a table of all that is known of each sample, for readers of every kind.

    train.csv       or train.jsonl; a file for each split
    README.md       says for `datasets` which file is which split, and of which type each column is

Without types `datasets` guesses them from the first rows, takes a column of nulls for numbers, and refuses
the texts that follow (datasets 5.2.0, csv.py and json.py). Without the files' names it drops splits that are
not called train, validation or test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from archiver.dataset.formats.card import CARD
from archiver.dataset.formats.counting import count_flaws
from archiver.dataset.formats.lines import count_csv, count_json, csv_line, json_line
from archiver.dataset.formats.tablecard import CSV_LOADING, JSON_LOADING, Loading, table_card
from archiver.dataset.media import CHUNK_BYTES, Media
from archiver.dataset.output import Output
from archiver.dataset.pieces import MadePiece
from archiver.dataset.plan import Plan, Sample, contents_of
from archiver.dataset.rows import Fields, Row, fields_of, rows_of
from archiver.domain.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """How a table is written and read: `head` takes the columns' names, `count` raises `ValueError`."""

    extension: str
    head: Callable[[Iterable[str]], bytes]
    line: Callable[[Row], bytes]
    count: Callable[[Path, Sequence[str]], int]
    loading: Loading


class _TextTables:
    """Implements `Layout` for a form."""

    def __init__(self, form: _Form) -> None:
        self._form = form

    def pieces(self, plan: Plan, media: Media) -> Iterator[MadePiece]:
        """Give a file for each split, then the card. Raises `UsageError` where files are to be embedded."""
        if plan.options.layout.is_embedded:
            msg = (
                f"a {self._form.extension} file cannot have clips in it: leave out --embed, or export parquet"
            )
            raise UsageError(msg)
        fields = fields_of(plan)
        files = {split: f"{split}.{self._form.extension}" for split, found in plan.samples.items() if found}
        for split, path in files.items():
            samples = plan.samples[split]
            write = partial(self._write, fields, media, samples)
            yield MadePiece(path=path, samples=samples, write=write, needs_samples=True)
        # `datasets` loads nothing at all where one of the files has no rows, or is not there.
        found = {
            split: path for split, path in files.items() if not all(map(media.is_lost, plan.samples[split]))
        }

        def write_card(output: Output) -> None:
            contents = contents_of(plan, media.is_lost)
            _write_all(output, [table_card(fields, plan, found, contents, self._form.loading)])

        yield MadePiece(path=CARD, samples=(), write=write_card)

    def lint(self, folder: Path, plan: Plan, kept: Mapping[str, Sequence[Sample]]) -> list[str]:
        """Read all rows again: of the same columns, and as many as samples were kept."""
        names = [field.name for field in fields_of(plan)]
        found, flaws = dict[str, int](), list[str]()
        for split in (split for split, samples in kept.items() if samples):
            path = folder / f"{split}.{self._form.extension}"
            try:
                found[split] = self._form.count(path, names)
            except (ValueError, OSError) as error:
                flaws.append(f"{path.name}: {error}")
        return flaws or count_flaws(found, kept)

    def _write(self, fields: Fields, media: Media, samples: Sequence[Sample], output: Output) -> None:
        head = self._form.head(field.name for field in fields)
        _write_all(output, [head])
        _write_all(output, self._lines(fields, media, samples))

    def _lines(self, fields: Fields, media: Media, samples: Sequence[Sample]) -> Iterator[bytes]:
        for sample, row in rows_of(samples, fields, media):
            media.pass_by(sample)
            yield self._form.line(row)


class CsvLayout(_TextTables):
    """Comma-separated values (RFC 4180): UTF-8, CRLF, texts quoted as they are, whatever is in them."""

    def __init__(self) -> None:
        super().__init__(
            _Form(
                extension="csv",
                head=csv_line,
                line=lambda row: csv_line(row.values()),
                count=count_csv,
                loading=CSV_LOADING,
            )
        )


class JsonlLayout(_TextTables):
    """JSON Lines: UTF-8, LF; lists are lists, null is null.

    Arrow, and with it `datasets`, takes texts that all look like times for times: where a manifest has dates
    in a column, Parquet says what is meant.
    """

    def __init__(self) -> None:
        super().__init__(
            _Form(
                extension="jsonl",
                head=lambda _names: b"",
                line=json_line,
                count=count_json,
                loading=JSON_LOADING,
            )
        )


def _write_all(output: Output, parts: Iterable[bytes]) -> None:
    gathered = bytearray()
    for part in parts:
        gathered += part
        if len(gathered) >= CHUNK_BYTES:
            output.write(bytes(gathered))
            gathered.clear()
    output.write(bytes(gathered))
