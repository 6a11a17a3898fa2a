"""The sidecar's JSON Schema, as it ships in the package."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import msgspec


def sidecar_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of the sidecar, schema version 1."""
    data = files("archiver.domain").joinpath("sidecar.schema.json").read_bytes()
    return msgspec.json.decode(data, type=dict[str, Any])
