"""Paths as people type them."""

from __future__ import annotations

from pathlib import Path

from archiver.domain.errors import UsageError


def parse_path(text: str) -> Path:
    """Return a path, `~` expanded. Raises `UsageError`."""
    if not text or "\0" in text:
        msg = f"{text!a} is not a path"
        raise UsageError(msg)
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        msg = f"{text!a}: whose home folder that is cannot be told"
        raise UsageError(msg) from error
