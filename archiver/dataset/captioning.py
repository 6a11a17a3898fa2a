"""What stands beside a clip as its text: the prompt, a column of the manifest, or a template of both."""

from __future__ import annotations

import string
from collections.abc import Callable
from datetime import datetime

from archiver.dataset.example import Example
from archiver.domain.errors import UsageError
from archiver.domain.filtering.column import Columns, Value, names_of
from archiver.domain.timing import show_timestamp

Captioner = Callable[[Example], str]

_COLUMN = "column:"


def parse_caption(text: str, columns: Columns[Example]) -> Captioner:
    """Return what makes captions: `prompt`, `column:NAME`, or a template like `{prompt}, {aspect_ratio}`.

    What is unknown is nothing in a caption. Raises `UsageError`, which names the columns.
    """
    if text == "prompt":
        return lambda example: example.prompt or ""
    if text.startswith(_COLUMN):
        return _read(text.removeprefix(_COLUMN), columns)
    parts = [(words, name and _read(name, columns)) for words, name in _parse(text)]
    return lambda example: "".join(words + (read(example) if read else "") for words, read in parts)


def refuse_caption(caption: str) -> str | None:
    """Return why a text cannot be a caption, or None where it can."""
    if "\0" in caption:
        return (
            "its caption has a NUL character in it, which no text file can hold: give it another by --caption"
        )
    try:
        caption.encode()
    except UnicodeEncodeError:
        return "its caption has half of a character in it, which is no text: give it another by --caption"
    return None


def refuse_prompt(prompt: str) -> str | None:
    """Return why a prompt cannot stand beside a clip, or None where it can."""
    if refuse_caption(prompt) is None:
        return None
    return (
        "its prompt has a NUL or half a character in it, which no text file can hold: leave it out by --where"
    )


def _parse(text: str) -> list[tuple[str, str]]:
    """Return the template's words, each with the column that follows them, or with none."""
    try:
        parts = list(string.Formatter().parse(text))
    except ValueError as error:
        msg = f"{text[:80]!a} is not a template: {error}; write {{{{ for a bracket"
        raise UsageError(msg) from error
    if any(form or conversion for _, _, form, conversion in parts) or not any(
        name for _, name, _, _ in parts
    ):
        msg = f"{text[:80]!a} is no caption: write prompt, column:NAME, or a template: '{{prompt}}, {{tags}}'"
        raise UsageError(msg)
    return [(words, name or "") for words, name, _, _ in parts]


def _read(name: str, columns: Columns[Example]) -> Captioner:
    column = columns.get(name)
    if column is None:
        msg = f"{name[:40]!a} is not a column; the columns are {names_of(columns)}"
        raise UsageError(msg)
    return lambda example: _shown(column.read(example))


def _shown(value: Value) -> str:
    if value is None:
        return ""
    return show_timestamp(value) if isinstance(value, datetime) else str(value)
