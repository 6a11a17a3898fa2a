"""From a command's context to the end of its run: options, outputs, exit code."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable, Sequence

import click

from archiver.assembly.options import Options
from archiver.assembly.session import archive_ids, archive_manifests, sync
from archiver.batch.manifest import check_manifest
from archiver.cli.failure import conceal, trace
from archiver.cli.given import Given
from archiver.cli.loop import run_until_stopped
from archiver.cli.outputs import FanOut, open_outputs
from archiver.cli.paths import parse_path
from archiver.cli.reporting import read_reporting
from archiver.cli.settings import read_display, read_options
from archiver.cli.text import complain
from archiver.domain.errors import ManifestRowError, RunError, RunInterruptedError
from archiver.domain.events import Observer
from archiver.domain.identity import GenerationId, parse_id
from archiver.domain.outcome import RunReport
from archiver.domain.quantity import parse_percent
from archiver.domain.timing import parse_duration
from archiver.runtime.stopping import Stop

Work = Callable[[Options, Observer, Stop], Awaitable[RunReport]]


def get(ctx: click.Context, ids: Sequence[str]) -> int:
    """Archive these generations and return the exit code. Raises `click.UsageError` for what is no id."""
    checked = _checked(ctx, ids)
    return _archive(
        ctx, lambda options, observer, stop: archive_ids(checked, options, observer, stop), len(set(checked))
    )


def batch(ctx: click.Context, manifests: Sequence[str]) -> int:
    """Archive what these manifests list and return the exit code. Raises `UsageError` for a missing one."""
    for manifest in manifests:
        check_manifest(manifest)
    return _archive(
        ctx, lambda options, observer, stop: archive_manifests(manifests, options, observer, stop), None
    )


def sync_archive(ctx: click.Context) -> int:
    """Finish what is not final and return the exit code."""
    return _archive(ctx, sync, None)


def verify_archive(ctx: click.Context, ids: Sequence[str]) -> int:
    """Audit these generations, or all, and return the exit code. Raises `click.UsageError`."""
    from archiver.assembly.verifying import AuditOptions, verify  # noqa: PLC0415 - as said above
    from archiver.batch.audit.selecting import Scope  # noqa: PLC0415 - as said above

    given = Given(ctx)
    scope = Scope(
        ids=tuple(dict.fromkeys(_checked(ctx, ids))),
        sample=given.maybe("sample", parse_percent),
        older_than_s=given.maybe("older_than", parse_duration),
        anew=given.flag("restart"),
    )
    if sum(map(bool, (scope.ids, scope.sample, scope.older_than_s))) > 1:
        msg = "ids, --sample and --older-than exclude each other: give one of them"
        raise click.UsageError(msg, ctx)
    asked = AuditOptions(scope=scope, repair=given.flag("repair"), sums=given.flag("sha256sums"))
    return _archive(ctx, lambda options, observer, stop: verify(options, asked, observer, stop), None)


def import_(ctx: click.Context, folders: Sequence[str]) -> int:
    """Take in the files of these folders and return the exit code. Raises `UsageError` for a missing one."""
    from archiver.assembly.importing import import_folders  # noqa: PLC0415 - nothing else needs it
    from archiver.batch.adoption.search import check_folder  # noqa: PLC0415 - nothing else needs it

    paths = [parse_path(folder) for folder in folders]
    for path in paths:
        check_folder(path)
    return _archive(ctx, lambda options, observer, stop: import_folders(paths, options, observer, stop), None)


def stop_on_broken_output(stop: Stop) -> Callable[[OSError], None]:
    """Return what ends a run when its results can no longer be written."""

    def on_broken(error: OSError) -> None:
        if isinstance(error, BrokenPipeError):
            stop.request(RunInterruptedError(signal.SIGPIPE))
        else:
            stop.request(RunError(f"standard output cannot be written: {error.strerror}"))

    return on_broken


def _checked(ctx: click.Context, ids: Sequence[str]) -> list[GenerationId]:
    try:
        return [parse_id(text) for text in ids]
    except ManifestRowError as error:
        raise click.UsageError(error.message, ctx) from error


def _archive(ctx: click.Context, work: Work, generations: int | None) -> int:
    given = Given(ctx)
    display = read_display(given)
    options = read_options(given, complain)
    reporting = read_reporting(given)
    stop = Stop()
    on_broken = stop_on_broken_output(stop)
    with open_outputs(display, generations=generations, on_broken=on_broken, reporting=reporting) as outputs:
        try:
            return run_until_stopped(lambda: _reported(work(options, outputs, stop), outputs), stop)
        except Exception as error:  # noqa: BLE001 - it is raised again, in words that may be shown
            key = options.network.api_key
            if display.verbose:
                click.echo("\n".join(trace(error, key)), err=True)
            raise conceal(error, key) from None


async def _reported(work: Awaitable[RunReport], outputs: FanOut) -> int:
    """Tell how the work ended before the loop does: that waits for threads, and may be cut short for it."""
    report = await work
    outputs.finish(report)
    return report.exit_code
