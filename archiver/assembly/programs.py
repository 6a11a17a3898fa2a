"""The Python API's short forms: results as a list, and twins for programs without an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from archiver.assembly.options import Options
from archiver.assembly.session import archive_ids, archive_manifests
from archiver.domain.events import Event, GenerationFinished, Observer
from archiver.domain.outcome import GenerationResult, RunReport


def _ignore(_event: Event) -> None:
    """Take no note."""


async def archive(
    ids: Sequence[str], options: Options, observer: Observer = _ignore
) -> list[GenerationResult]:
    """Archive these generations and return what became of each, in the order in which they ended.

    Raises `ManifestRowError` for what is no id, and the `RunError` that ended the run early, if one did.
    """
    results: list[GenerationResult] = []

    def collect(event: Event) -> None:
        if isinstance(event, GenerationFinished):
            results.append(event.result)
        observer(event)

    report = await archive_ids(ids, options, collect)
    if report.error:
        raise report.error
    return results


def archive_blocking(
    ids: Sequence[str], options: Options, observer: Observer = _ignore
) -> list[GenerationResult]:
    """Do what `archive` does, for programs without an event loop."""
    return asyncio.run(archive(ids, options, observer))


def archive_manifests_blocking(
    paths: Sequence[str], options: Options, observer: Observer = _ignore
) -> RunReport:
    """Do what `archive_manifests` does, for programs without an event loop; the report counts outcomes."""
    return asyncio.run(archive_manifests(paths, options, observer))
