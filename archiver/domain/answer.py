"""From the API's answer to a `Generation`: tolerant of what occurs, strict about what is used.

The rules, field by field:

1. The object may stand under `data`; an error object is the service's own words.
2. A value of the wrong type, null, a size of 0 and the zero time all mean *unknown*.
3. An asset is taken from the top level, then from `artifact`; its URL from `url`, then `download_url`.
4. An unknown state is one that is not final.
5. A byte order mark is dropped, deep nesting refused, and half a character replaced by U+FFFD: a sidecar
   could hold none of them.
"""

from __future__ import annotations

import binascii
import math
from base64 import b64decode
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec

from archiver.domain.errors import (
    BadAnswerError,
    NotFoundError,
    ServiceRefusedError,
    UrlRefusedError,
    WrongIdError,
)
from archiver.domain.generation import Asset, Generation, Promise, State
from archiver.domain.identity import AssetName, GenerationId, MediaUrl
from archiver.domain.surrogates import without_halves
from archiver.domain.timing import parse_timestamp

JsonObject = dict[str, Any]

PALETTE_BYTES = 75
_MAX_PIXELS_A_SIDE = 1_000_000
_MESSAGE_CHARACTERS = 300
# The page's own answers are five deep. Python's JSON libraries stop near 1000, less what stands on the
# stack, and the sidecar holds the answer one level deeper: what can just be read could not be written.
_DEEPEST_NESTING = 64
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# Upstream's own words for the relay's states (luma's public API).
_OTHER_NAMES = {"queued": State.PENDING, "dreaming": State.PROCESSING}


def read_answer(body: bytes, asked_for: GenerationId) -> Generation:
    """Return what the answer says of the generation.

    Raises `BadAnswerError`, `ServiceRefusedError`, `NotFoundError` or `WrongIdError`.
    """
    body = without_halves(body.removeprefix(_BYTE_ORDER_MARK))
    answer = _unwrap(_decode(body, asked_for), asked_for)
    found = answer.get("id")
    if not isinstance(found, str):
        msg = f"{asked_for}: the API's answer has no id"
        raise BadAnswerError(msg)
    if found != asked_for:
        msg = f"{asked_for}: the API answered about another generation, {found[:128]!a}"
        raise WrongIdError(msg)
    return _read(answer, asked_for, body)


def is_saved_answer(row: JsonObject) -> bool:
    """Tell whether a manifest's row is itself an answer: it has a state and at least one asset.

    Where the generation failed, its assets are null.
    """
    state, places = row.get("state"), (row, _object(row.get("artifact")))
    if not isinstance(state, str):
        return False
    kinds = (dict, type(None)) if state.lower() == State.FAILED else dict
    return any(name in place and isinstance(place[name], kinds) for place in places for name in AssetName)


def _decode(body: bytes, asked_for: GenerationId) -> object:
    try:
        answer = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        kind = "an HTML page" if body.lstrip()[:1] == b"<" else "not whole JSON"
        msg = f"{asked_for}: the API's answer is {kind} ({len(body)} bytes)"
        raise BadAnswerError(msg) from error
    if _is_nested_beyond(_DEEPEST_NESTING, answer):
        msg = f"{asked_for}: the API's answer is nested over {_DEEPEST_NESTING} levels deep"
        raise BadAnswerError(msg)
    return answer


def _is_nested_beyond(depth: int, value: object) -> bool:
    level = [value]
    for _ in range(depth):
        level = [inner for outer in level for inner in _values(outer)]
    return any(isinstance(inner, dict | list) for inner in level)


def _values(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _unwrap(answer: object, asked_for: GenerationId) -> JsonObject:
    if not isinstance(answer, dict):
        msg = f"{asked_for}: the API's answer is not a JSON object"
        raise BadAnswerError(msg)
    inner = answer.get("data")
    is_nameless = answer.get("id") is None
    if isinstance(inner, dict) and is_nameless:
        return inner
    if is_nameless and (words := service_words(answer)):
        if "not found" in words.lower() or "not exist" in words.lower():
            msg = f"{asked_for}: the service does not know it: {words}"
            raise NotFoundError(msg)
        msg = f"{asked_for}: the service refused: {words}"
        raise ServiceRefusedError(msg)
    return answer


def service_words(answer: object) -> str:
    """Return the message of an error object in any of the shapes relays use, or an empty text."""
    if not isinstance(answer, dict):
        return ""
    inner = answer.get("error")
    candidates = [_object(inner).get("message"), inner, answer.get("message"), answer.get("detail")]
    words = next((text for text in candidates if isinstance(text, str) and text.strip()), "")
    return "".join(c if c.isprintable() else " " for c in words)[:_MESSAGE_CHARACTERS].strip()


def _read(answer: JsonObject, generation_id: GenerationId, body: bytes) -> Generation:
    request, artifact = _object(answer.get("request")), _object(answer.get("artifact"))
    assets = (_asset(name, _object(answer.get(name)), _object(artifact.get(name))) for name in AssetName)
    return Generation(
        id=generation_id,
        state=_state(answer.get("state")),
        created_at=_timestamp(answer.get("created_at")) or _timestamp(artifact.get("created_at")),
        prompt=_text(request.get("prompt")) or _text(answer.get("prompt")),
        aspect_ratio=_text(request.get("aspect_ratio")) or _text(answer.get("aspect_ratio")),
        failure_reason=_text(answer.get("failure_reason")),
        assets={asset.name: asset for asset in assets if asset},
        response=body,
    )


def _state(value: object) -> State:
    text = value.lower() if isinstance(value, str) else ""
    if text in list(State):
        return State(text)
    return _OTHER_NAMES.get(text, State.PENDING)


def _asset(name: AssetName, top: JsonObject, artifact: JsonObject) -> Asset | None:
    places = (top, artifact)
    texts = (_text(place.get(key)) for place in places for key in ("url", "download_url"))
    text = next((text for text in texts if text), None)
    if text is None:
        return None
    promise = Promise(
        width=_first(_side, places, "width"),
        height=_first(_side, places, "height"),
        duration_s=_first(_seconds, places, "duration"),
        palette=_palette(top) or _palette(artifact),
    )
    try:
        return Asset(name=name, url=MediaUrl.parse(text.strip()), promise=promise)
    except UrlRefusedError as error:
        return Asset(name=name, url=None, promise=promise, error=error.record())


def _first(read: Any, places: tuple[JsonObject, ...], key: str) -> Any:  # noqa: ANN401 - `read` decides the type
    return next((value for place in places if (value := read(place.get(key))) is not None), None)


def _object(value: object) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _number(value: object) -> float | None:
    """Return a finite number, also where it came as text; None for everything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _side(value: object) -> int | None:
    number = _number(value)
    if number is None or not 0 < number <= _MAX_PIXELS_A_SIDE or number != int(number):
        return None
    return int(number)


def _seconds(value: object) -> float | None:
    number = _number(value)
    return number if number is not None and number > 0 else None


def _palette(place: JsonObject) -> bytes | None:
    grid = _object(place.get("palette")).get("grid")
    try:
        colours = b64decode(grid, validate=True) if isinstance(grid, str) else b""
    except (binascii.Error, ValueError):
        return None
    return colours if len(colours) == PALETTE_BYTES else None


def _timestamp(value: object) -> datetime | None:
    moment = parse_timestamp(value) if isinstance(value, str) else None
    # 0001-01-01 is Go's zero time; nothing was generated before 1970.
    return moment if moment and moment >= datetime(1970, 1, 2, tzinfo=UTC) else None
