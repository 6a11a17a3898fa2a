"""Manifests with a header: CSV (RFC 4180) and TSV."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator

from archiver.batch.manifest.cuts import Cut, read_lines
from archiver.batch.manifest.row import MAX_ROW_BYTES, TOO_LONG, Place, Row, id_column, no_id, row_of_columns
from archiver.batch.manifest.source import Opened
from archiver.domain.errors import UsageError

# What spreadsheets write where the comma is the decimal mark, and what `.tsv` files hold.
DELIMITERS = (",", ";", "\t")


def read_table(opened: Opened) -> Iterator[Row]:
    """Yield the rows under the header. Raises `UsageError` where the header cannot be used."""
    lines = _Lines(read_lines(opened.stream))
    reader = csv.reader(lines, delimiter=_delimiter(opened.head), strict=True)
    header: list[str] = []
    while True:
        lines.begin_row()
        try:
            cells = next(reader)
            _refuse_undecodable(cells)
        except StopIteration:
            return
        except csv.Error as error:
            reason = _reason(error)
            if not header:
                raise _bad_header(opened, reason) from error
            yield Place(opened.name, lines.row_line).reject(reason)
            continue
        if not any(cell.strip() for cell in cells):
            continue
        if header:
            yield _row(header, cells, Place(opened.name, lines.row_line))
        else:
            header = _header(opened, cells)


class _Lines(Iterator[str]):
    """What the csv module reads: lines as text, and the line that the row in hand begins on."""

    def __init__(self, cuts: Iterator[Cut]) -> None:
        self._cuts = cuts
        self._is_begun = False
        self._row_bytes = 0
        self.row_line = 0

    def begin_row(self) -> None:
        """Say that the next line begins a row."""
        self._is_begun = False
        self._row_bytes = 0

    def __next__(self) -> str:
        cut = next(self._cuts)
        if not self._is_begun:
            self.row_line = cut.line
            self._is_begun = True
        self._row_bytes += len(cut.data)
        # A quote that is never closed makes one row of all that follows.
        if cut.flaw or self._row_bytes > MAX_ROW_BYTES:
            raise csv.Error(cut.flaw or TOO_LONG)
        return cut.data.decode(errors="surrogateescape")


def _delimiter(head: bytes) -> str:
    line = head.lstrip().partition(b"\n")[0].decode(errors="replace")
    return max(DELIMITERS, key=line.count)


def _header(opened: Opened, cells: list[str]) -> list[str]:
    names = [cell.strip() for cell in cells]
    # Spreadsheets leave empty columns at the end, with a delimiter each.
    twice = [name for name, count in Counter(filter(None, names)).items() if count > 1]
    if twice:
        raise _bad_header(opened, f"the column {twice[0]!a} stands there twice")
    if id_column(dict.fromkeys(names, "named")) is None:
        raise _bad_header(opened, no_id(dict.fromkeys(names)))
    return names


def _row(header: list[str], cells: list[str], place: Place) -> Row:
    if len(cells) != len(header):
        return place.reject(f"cells: {len(cells)}, columns in the header: {len(header)}")
    named = ((name, cell) for name, cell in zip(header, cells, strict=True) if name or cell.strip())
    return row_of_columns(dict(named), place)


def _refuse_undecodable(cells: list[str]) -> None:
    try:
        "".join(cells).encode()
    except UnicodeEncodeError as error:
        msg = "not UTF-8"
        raise csv.Error(msg) from error


def _reason(error: csv.Error) -> str:
    """Return the csv module's words, less the advice for programmers after a dash."""
    words = str(error).partition(" - ")[0]
    return "the file ends inside a quoted cell" if words == "unexpected end of data" else words


def _bad_header(opened: Opened, reason: str) -> UsageError:
    return UsageError(f"{opened.name}: the header cannot be used: {reason}")
