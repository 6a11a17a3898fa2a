"""Libraries that are not always installed."""

from __future__ import annotations

from importlib import import_module

from archiver.domain.errors import UsageError


def require_pyarrow(what: str) -> None:
    """Make sure that pyarrow can be imported. Raises `UsageError`, which says that `what` needs it."""
    try:
        import_module("pyarrow.parquet")
    except ImportError as error:
        msg = f"{what} needs pyarrow, which is not installed: pip install 'luma-archiver[parquet]'"
        raise UsageError(msg) from error
