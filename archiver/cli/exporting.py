"""What `export` does, from a command's context to its exit code."""

from __future__ import annotations

import difflib
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Never

import click

from archiver.assembly.exporting import ExportRequest, export
from archiver.cli.export_output import ExportOutput
from archiver.cli.given import Given
from archiver.cli.settings import over_zero, parse_assets, read_archive
from archiver.dataset.destination import is_begun
from archiver.dataset.options import (
    Dedupe,
    Destination,
    ExportOptions,
    FormatName,
    LayoutOptions,
    Linking,
    SelectionOptions,
    TransformOptions,
)
from archiver.dataset.record import load_record
from archiver.dataset.splitting import parse_splits
from archiver.dataset.transforming import parse_clip, parse_fps, parse_frames, parse_resize
from archiver.domain.errors import DiskFullError, RunInterruptedError
from archiver.domain.identity import AssetName
from archiver.domain.quantity import parse_size

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def export_dataset(ctx: click.Context, words: Sequence[str]) -> int:
    """Write the dataset. Raises `click.UsageError`, `RunError`."""
    given = Given(ctx)
    request = _read_request(ctx, given, words)
    output = ExportOutput(is_json=given.flag("json"), is_quiet=bool(ctx.params["quiet"]))
    began_s = time.monotonic()
    with output, _saying_how_to_go_on(request.destination), _ending_on_signals():
        found = export(request, output)
    output.finish(found, request, time.monotonic() - began_s)
    return found.exit_code


@contextmanager
def _saying_how_to_go_on(destination: Destination) -> Iterator[None]:
    """Let a full disk or a signal tell how to go on; other errors have advice of their own."""
    try:
        yield
    except (DiskFullError, RunInterruptedError) as error:
        if is_begun(destination.path):
            how = "--resume instead of --overwrite" if destination.is_overwriting else "--resume"
            what = "interrupted" if isinstance(error, RunInterruptedError) else error.message
            error.message = f"{what}: what is whole is kept, {how} goes on with it"
        raise


@contextmanager
def _ending_on_signals() -> Iterator[None]:
    """Let signals end the work in good order: what is whole by then is noted."""

    def end(number: int, _frame: FrameType | None) -> Never:
        raise RunInterruptedError(number)

    before = {number: signal.getsignal(number) for number in _ENDING}
    for number, handler in before.items():
        # `nohup` means it.
        if handler is not signal.SIG_IGN:
            signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _read_request(ctx: click.Context, given: Given, words: Sequence[str]) -> ExportRequest:
    again = ctx.params["again"]
    record = load_record(Path(again)) if again else None
    if len(words) != 2 and not (record and len(words) == 1):  # noqa: PLR2004 - FORMAT and DEST
        msg = "give a format and a folder: luma-archiver export webdataset DEST"
        raise click.UsageError(msg, ctx)
    name, dest = (words[0], words[1]) if len(words) > 1 else (record.format if record else "", words[0])
    options = record.options if record else _read_options(given, ctx.params, _read_format(ctx, name))
    if record and name != record.format:
        msg = f"{again} records a {record.format} dataset: it cannot be made again as {name[:40]!a}"
        raise click.UsageError(msg, ctx)
    if record and (changed := _changed(ctx)):
        msg = f"--from makes the same dataset again, with its options: leave {', '.join(changed)} away"
        raise click.UsageError(msg, ctx)
    destination = Destination(
        path=Path(dest), is_overwriting=ctx.params["overwrite"], is_resuming=ctx.params["resume"]
    )
    if destination.is_overwriting and destination.is_resuming:
        msg = "--overwrite and --resume exclude each other: give one of them"
        raise click.UsageError(msg, ctx)
    return ExportRequest(
        archive=read_archive(given),
        options=options,
        destination=destination,
        again=record,
    )


def _changed(ctx: click.Context) -> list[str]:
    """Return the options that were given and that a record decides."""
    kept = {"words", "again", "resume", "overwrite", "quiet", "json", "archive"}
    given = (param for param in ctx.command.params if param.name not in kept)
    source = click.core.ParameterSource.COMMANDLINE
    return [param.opts[0] for param in given if ctx.get_parameter_source(param.name or "") is source]


def _read_format(ctx: click.Context, name: str) -> FormatName:
    try:
        return FormatName(name.lower())
    except ValueError:
        near = difflib.get_close_matches(name.lower(), list(FormatName), n=1)
        hint = f", did you mean {near[0]}?" if near else "."
        msg = f"{name[:40]!a} is not a format{hint} Choose from {', '.join(FormatName)}"
        raise click.UsageError(msg, ctx) from None


def _read_options(given: Given, params: Mapping[str, Any], name: FormatName) -> ExportOptions:
    return ExportOptions(
        format=name,
        selection=SelectionOptions(
            where=params["where"],
            tags=params["tags"],
            sample=params["sample"],
            seed=params["seed"],
            limit=params["limit"],
            include_unverified=params["include_unverified"],
        ),
        layout=_read_layout(given, params),
        transform=_read_transform(given, params),
        dedupe=Dedupe(params["dedupe"]) if params["dedupe"] else None,
    )


def _read_layout(given: Given, params: Mapping[str, Any]) -> LayoutOptions:
    given.maybe("split", parse_splits)
    return LayoutOptions(
        assets=given.maybe("assets", _parse_assets),
        split=params["split"],
        split_by=params["split_by"],
        caption=params["caption"],
        shard_samples=params["shard_samples"],
        shard_bytes=given.value("shard_size", over_zero(parse_size)),
        is_embedded=params["embed"],
        linking=Linking.HARD if params["link"] else Linking.COPY,
        metadata=params["metadata"],
    )


def _read_transform(given: Given, params: Mapping[str, Any]) -> TransformOptions:
    begin_s, end_s = given.maybe("clip", parse_clip) or (None, None)
    return TransformOptions(
        resize=given.maybe("resize", parse_resize),
        fps=given.maybe("fps", parse_fps),
        frames=given.maybe("frames", parse_frames),
        clip_begin_s=begin_s,
        clip_end_s=end_s,
        is_cropped=params["crop"] is not None,
    )


def _parse_assets(text: str) -> tuple[AssetName, ...]:
    wanted = parse_assets(text)
    return tuple(name for name in AssetName if name in wanted)
