"""One row: its id, its other columns, and the answer that it may itself be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from archiver.domain.answer import JsonObject, is_saved_answer
from archiver.domain.errors import ManifestRowError
from archiver.domain.events import RowRejected
from archiver.domain.generation import State
from archiver.domain.identity import GenerationId, parse_id
from archiver.domain.surrogates import without_halves

# More than any row in earnest: the service's own answers are 3 KB, and one over 8 MB is refused, too.
MAX_ROW_BYTES = 8_000_000
TOO_LONG = f"the row is over {MAX_ROW_BYTES // 1_000_000} MB"

ID_COLUMNS = ("task_id", "id")
LISTED = "listed"
"""The `event` of a line that `list` printed."""
# The events of our own JSON lines, and what such a line has beside its id: no columns of the user's.
_OWN_LINES = {LISTED: "outcome", "generation": "outcome", "planned": "assets", "asset": "status"}
# What the service says of a generation is kept whole as its response: it is no column of the user's.
_ANSWER_FIELDS = frozenset(
    (
        *ID_COLUMNS,
        *("state", "video", "request", "artifact", "thumbnail", "video_raw", "created_at", "last_frame"),
        *("prompt", "liked", "user_id", "batch_id", "pipeline_id", "queue_state", "failure_reason"),
        *("keyframes", "model", "assets", "estimate_wait_seconds"),
    )
)
_SHOWN_COLUMNS = 12
_SHOWN_CHARACTERS = 40


class Place(Struct, frozen=True, gc=False):
    """Where a row begins: the file's name for people, the line from 1."""

    file: str
    line: int

    def reject(self, reason: str) -> RowRejected:
        """Return the value that says why the row here cannot be used."""
        return RowRejected(self.file, self.line, reason)


class ManifestRow(Struct, frozen=True, kw_only=True, gc=False):
    """One generation of a manifest.

    `row` holds the columns beside the id; `saved_answer` is the row verbatim (JSON, UTF-8) where it is
    itself an answer of the API in a final state, so that nobody need be asked. `file` is empty and `line` 0
    where no manifest named it.
    """

    id: GenerationId
    row: Mapping[str, Any] = {}
    saved_answer: bytes | None = None
    file: str = ""
    line: int = 0
    is_narrow: bool = False
    """Whether assets that were not wanted when it was archived are not wanted now."""


Row = ManifestRow | RowRejected


def row_of_id(text: str, place: Place) -> Row:
    """Return the row of a bare id."""
    return _row(text, {}, place)


def row_of_columns(columns: Mapping[str, Any], place: Place) -> Row:
    """Return the row of named columns, one of which is the id's.

    Of a line that this program printed only a `manifest_row` counts: what the sidecar keeps is not replaced.
    """
    name = id_column(columns)
    if name is None:
        return place.reject(no_id(columns))
    if _is_own_line(columns):
        kept = columns.get("manifest_row")
        return _row(columns[name], kept if isinstance(kept, dict) else {}, place)
    return _row(columns[name], {key: columns[key] for key in columns if key != name}, place)


def _is_own_line(columns: Mapping[str, Any]) -> bool:
    event = columns.get("event")
    return isinstance(event, str) and event in _OWN_LINES and _OWN_LINES[event] in columns


def row_of_json(text: bytes, place: Place) -> Row:
    """Return the row of a JSON text: an object, or an id as a string."""
    text = without_halves(text)
    try:
        value = msgspec.json.decode(text)
    except UnicodeDecodeError:
        return place.reject("not UTF-8")
    except RecursionError:
        return place.reject("nested too deeply")
    except msgspec.MsgspecError as error:
        return place.reject(f"not valid JSON: {error}")
    if isinstance(value, str):
        return row_of_id(value, place)
    if not isinstance(value, dict):
        return place.reject(f"a row is an object or an id in quotes, not {_kind(value)}")
    return _row_of_answer(value, text, place) or row_of_columns(value, place)


def id_column(columns: Mapping[str, Any]) -> str | None:
    """Return which column names the id: `task_id`, else `id`; one that is empty does not count."""
    return next((name for name in ID_COLUMNS if columns.get(name) not in (None, "")), None)


def no_id(columns: Mapping[str, Any]) -> str:
    """Return the words for a row, or a header, without an id."""
    if any(name in columns for name in ID_COLUMNS):
        return "the id is empty"
    shown = ", ".join(_shown(name) for name in list(columns)[:_SHOWN_COLUMNS])
    more = ", …" if len(columns) > _SHOWN_COLUMNS else ""
    return f"no column task_id or id; found {shown}{more}" if shown else "no column task_id or id; found none"


def _row_of_answer(value: JsonObject, text: bytes, place: Place) -> Row | None:
    inner = value.get("data")
    is_wrapped = isinstance(inner, dict) and value.get("id") is None
    answer = inner if isinstance(inner, dict) and is_wrapped else value
    if not (isinstance(answer.get("id"), str) and is_saved_answer(answer) and _is_final(answer)):
        return None
    not_columns = {"data", *ID_COLUMNS} if is_wrapped else _ANSWER_FIELDS
    columns = {key: value[key] for key in value if key not in not_columns}
    # A row may call it by both names; that they differ is for whoever reads the answer to find.
    text_of_id = value["task_id"] if id_column(value) == "task_id" else answer["id"]
    return _row(text_of_id, columns, place, saved_answer=text)


def _is_final(answer: JsonObject) -> bool:
    return str(answer.get("state")).lower() in {state for state in State if state.is_final}


def _row(text: object, columns: Mapping[str, Any], place: Place, *, saved_answer: bytes | None = None) -> Row:
    if not isinstance(text, str):
        return place.reject(f"the id is {_kind(text)}, not text")
    try:
        generation_id = parse_id(text.strip())
    except ManifestRowError as error:
        return place.reject(error.message)
    return ManifestRow(
        id=generation_id, row=columns, saved_answer=saved_answer, file=place.file, line=place.line
    )


def _kind(value: object) -> str:
    if value is None:
        return "null"
    names = {bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "an object"}
    return names.get(type(value), "text")


def _shown(name: str) -> str:
    text = name if name.isprintable() else ascii(name)
    return text[:_SHOWN_CHARACTERS] or "''"
