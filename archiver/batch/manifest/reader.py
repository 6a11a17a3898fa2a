"""From a manifest of any form to its rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import PurePath

from archiver.batch.manifest.cuts import Cut, read_lines, read_values
from archiver.batch.manifest.row import ID_COLUMNS, Place, Row, row_of_id, row_of_json
from archiver.batch.manifest.source import Opened, check_source, open_source
from archiver.batch.manifest.table import DELIMITERS, read_table

ReadForm = Callable[[Opened], Iterator[Row]]

_COMMENT = re.compile(r"(?:^|\s)#")


def check_manifest(source: str) -> None:
    """Raise `UsageError` where `source` surely cannot be read: a misspelt name is found before any work."""
    check_source(source)


def read_manifest(source: str) -> Iterator[Row]:
    """Yield the rows of the file `source`, or of standard input for `-`, as they are read; this blocks.

    Raises `UsageError`, before or between rows, where the file cannot be read or has no usable header.
    """
    with open_source(source) as opened:
        yield from _form(source, opened.head)(opened)


def _read_text(opened: Opened) -> Iterator[Row]:
    for cut in read_lines(opened.stream):
        place = Place(opened.name, cut.line)
        try:
            text = _without_comment(cut.data.decode())
        except UnicodeDecodeError:
            yield place.reject("not UTF-8")
            continue
        if cut.flaw:
            yield place.reject(cut.flaw)
        elif text:
            yield row_of_id(text, place)


def _without_comment(line: str) -> str:
    """Return a line without the comment that a `#` begins; within a word it begins none, as in a shell."""
    # Hardly a line has one: a look for the sign spares a hundred thousand searches.
    return (_COMMENT.split(line, maxsplit=1)[0] if "#" in line else line).strip()


def _read_json_lines(opened: Opened) -> Iterator[Row]:
    return _read_json(opened, read_lines(opened.stream))


def _read_json_document(opened: Opened) -> Iterator[Row]:
    return _read_json(opened, read_values(opened.stream))


def _read_json(opened: Opened, cuts: Iterator[Cut]) -> Iterator[Row]:
    for cut in cuts:
        place, text = Place(opened.name, cut.line), cut.data.strip()
        if cut.flaw:
            yield place.reject(cut.flaw)
        elif text:
            yield row_of_json(text, place)


_BY_EXTENSION: dict[str, ReadForm] = {
    ".txt": _read_text,
    ".jsonl": _read_json_lines,
    ".ndjson": _read_json_lines,
    ".json": _read_json_document,
    ".csv": read_table,
    ".tsv": read_table,
}


def _form(source: str, head: bytes) -> ReadForm:
    return _BY_EXTENSION.get(PurePath(source).suffix.lower()) or _form_by_content(head)


def _form_by_content(head: bytes) -> ReadForm:
    """Tell the form by the first line that is not blank."""
    line = head.lstrip().partition(b"\n")[0].rstrip()
    # An object that opens on one line and ends on another was indented for people.
    if line.startswith(b"[") or line == b"{":
        return _read_json_document
    if line.startswith(b"{"):
        return _read_json_lines
    # No id holds a delimiter; a comment after one may.
    text = _without_comment(line.decode(errors="replace"))
    if text.strip('"') in ID_COLUMNS or any(delimiter in text for delimiter in DELIMITERS):
        return read_table
    return _read_json_lines if text.startswith('"') else _read_text
