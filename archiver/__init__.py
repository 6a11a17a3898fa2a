"""Archives AI video generations: every clip whole, verified, recorded.

What the command does, a program can do::

    options = Options(archive=Path("clips"), network=NetworkOptions(api_key=ApiKey("sk-...")))
    for result in archive_blocking(["4665a07c-7641-4809-a133-10786201bb56"], options):
        print(result.id, result.outcome, result.path)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archiver.version import __version__

if TYPE_CHECKING:
    from archiver.assembly.options import NetworkOptions, Options
    from archiver.assembly.programs import archive, archive_blocking, archive_manifests_blocking
    from archiver.assembly.session import archive_ids, archive_manifests
    from archiver.batch.budget import Budget
    from archiver.domain.errors import ArchiverError, RunError
    from archiver.domain.identity import ApiKey, AssetName, GenerationId
    from archiver.domain.outcome import GenerationResult, Outcome, RunReport
    from archiver.domain.timing import PollPolicy, RetryPolicy
    from archiver.transport.options import HttpEngine

# Names are looked up when they are used: the command's `--help` imports this package, too.
_HOMES = {
    "ApiKey": "archiver.domain.identity",
    "ArchiverError": "archiver.domain.errors",
    "AssetName": "archiver.domain.identity",
    "Budget": "archiver.batch.budget",
    "GenerationId": "archiver.domain.identity",
    "GenerationResult": "archiver.domain.outcome",
    "HttpEngine": "archiver.transport.options",
    "NetworkOptions": "archiver.assembly.options",
    "Options": "archiver.assembly.options",
    "Outcome": "archiver.domain.outcome",
    "PollPolicy": "archiver.domain.timing",
    "RetryPolicy": "archiver.domain.timing",
    "RunError": "archiver.domain.errors",
    "RunReport": "archiver.domain.outcome",
    "archive": "archiver.assembly.programs",
    "archive_blocking": "archiver.assembly.programs",
    "archive_ids": "archiver.assembly.session",
    "archive_manifests": "archiver.assembly.session",
    "archive_manifests_blocking": "archiver.assembly.programs",
}

__all__ = [
    "ApiKey",
    "ArchiverError",
    "AssetName",
    "Budget",
    "GenerationId",
    "GenerationResult",
    "HttpEngine",
    "NetworkOptions",
    "Options",
    "Outcome",
    "PollPolicy",
    "RetryPolicy",
    "RunError",
    "RunReport",
    "__version__",
    "archive",
    "archive_blocking",
    "archive_ids",
    "archive_manifests",
    "archive_manifests_blocking",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - PEP 562: the type is the attribute's
    if name not in _HOMES:
        msg = f"module 'archiver' has no attribute {name!r}"
        raise AttributeError(msg)
    from importlib import import_module  # noqa: PLC0415 - see above

    return getattr(import_module(_HOMES[name]), name)
