"""A request and its response, as the bundled service's routes see them; no protocol library shows through."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Headers = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request without its body; header names in lower case."""

    method: str
    path: str
    headers: Headers


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSlice:
    """The bytes of a file from `start` up to, not including, `stop`; at `cut_at` the connection breaks."""

    path: Path
    start: int
    stop: int
    cut_at: int | None = None

    def __len__(self) -> int:
        return self.stop - self.start


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One response: bytes, or a part of a file."""

    status: int
    headers: Headers = field(default_factory=dict)
    body: bytes | FileSlice = b""


def json_response(status: int, value: Mapping[str, Any], headers: Headers | None = None) -> Response:
    """Return a response with a JSON body."""
    body = json.dumps(value, ensure_ascii=False).encode()
    return Response(status=status, headers={"content-type": "application/json", **(headers or {})}, body=body)
