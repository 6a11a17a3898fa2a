"""From the options' texts, wherever they came from, to the options of a run and of what it prints."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from archiver.assembly.options import NetworkOptions, Options
from archiver.batch.budget import Budget
from archiver.cli.given import Given
from archiver.cli.key import read_key
from archiver.cli.paths import parse_path
from archiver.domain.errors import UsageError
from archiver.domain.identity import AssetName, MediaUrl
from archiver.domain.quantity import parse_request_rate, parse_size
from archiver.domain.timing import PollPolicy, RetryPolicy, parse_duration
from archiver.transport.options import HttpEngine

Number = TypeVar("Number", int, float)
_COUNT = re.compile(r"[0-9]{1,6}")


class LogFormat(StrEnum):
    """How a line of the log is written."""

    TEXT = "text"
    JSON = "json"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogOptions:
    """Where the log is, how its lines are written, and from which size in bytes on it is put aside."""

    path: Path
    form: LogFormat = LogFormat.TEXT
    max_bytes: int | None = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Display:
    """What a run prints, and where else it writes that."""

    json: bool = False
    quiet: bool = False
    verbose: bool = False
    log: LogOptions | None = None


RIVALS = (("deep", "no_verify"), ("quiet", "verbose"))
"""Flags of which one may be on."""


def read_options(given: Given, warn: Callable[[str], None]) -> Options:
    """Return the run's options. Raises `click.UsageError`; `warn` takes what a person should know."""
    is_deep, is_unverified = given.rivals("deep", "no_verify")
    return Options(
        archive=read_archive(given),
        network=_read_network(given, warn),
        budget=Budget(
            max_duration_s=given.maybe("max_duration", over_zero(parse_duration)),
            max_bytes=given.maybe("max_bytes", over_zero(parse_size)),
            min_free=given.maybe("min_free", parse_size),
        ),
        assets=given.value("assets", parse_assets),
        max_asset_size=given.value("max_asset_size", over_zero(parse_size)),
        wait_s=given.value("wait", parse_duration),
        poll=PollPolicy(first_interval_s=given.value("poll_interval", over_zero(parse_duration))),
        verify=not is_unverified,
        deep=is_deep,
        dry_run=given.flag("dry_run"),
        retry_failed=given.flag("retry_failed"),
        retry_mismatched=given.flag("retry_mismatched"),
        lock_wait_s=given.value("lock_wait", parse_duration),
    )


def read_display(given: Given) -> Display:
    """Return what is to be printed. Raises `click.UsageError`."""
    is_quiet, is_verbose = given.rivals("quiet", "verbose")
    return Display(
        json=given.flag("json"),
        quiet=is_quiet,
        verbose=is_verbose,
        log=_read_log(given),
    )


def _read_log(given: Given) -> LogOptions | None:
    path = given.maybe("log_file", parse_path)
    form = given.value("log_format", lambda text: LogFormat(one_of(text, list(LogFormat))))
    max_bytes = given.value("log_max_size", parse_size)
    return LogOptions(path=path, form=form, max_bytes=max_bytes or None) if path else None


def read_archive(given: Given) -> Path:
    """Return the archive's folder. Raises `click.UsageError`."""
    return given.value("archive", parse_path)


def _read_network(given: Given, warn: Callable[[str], None]) -> NetworkOptions:
    return NetworkOptions(
        api_base=given.value("api_base", _parse_api_base),
        api_key=read_key(given, warn),
        http_engine=given.value("http_engine", _parse_engine),
        proxy=given.maybe("proxy", str),
        allow_private_hosts=given.flag("allow_private_hosts"),
        concurrency=given.maybe("concurrency", _parse_concurrency),
        limit_rate=given.maybe("limit_rate", over_zero(parse_size)),
        api_rate=given.maybe("api_rate", parse_request_rate),
        stall_timeout_s=given.value("stall_timeout", over_zero(parse_duration)),
        api_timeout_s=given.value("api_timeout", over_zero(parse_duration)),
        retry=_read_retry(given),
    )


def _read_retry(given: Given) -> RetryPolicy:
    first_delay_s = given.value("retry_delay", parse_duration)
    return RetryPolicy(
        retries=given.value("retries", _parse_count),
        first_delay_s=first_delay_s,
        # A first pause that is longer than the usual longest was asked for.
        longest_delay_s=max(RetryPolicy().longest_delay_s, first_delay_s),
        longest_retry_after_s=given.value("max_retry_after", parse_duration),
    )


def over_zero(parse: Callable[[str], Number]) -> Callable[[str], Number]:
    """Return what parses the same and refuses 0."""

    def parse_over_zero(text: str) -> Number:
        number = parse(text)
        if number <= 0:
            msg = f"{text!a} is not more than 0"
            raise UsageError(msg)
        return number

    return parse_over_zero


def _parse_count(text: str) -> int:
    if not _COUNT.fullmatch(text.strip()):
        msg = f"{text!a} is not a whole number"
        raise UsageError(msg)
    return int(text)


def _parse_concurrency(text: str) -> int | None:
    """Return how many, or None for as many as prove best."""
    if text.strip().lower() == "auto":
        return None
    try:
        return over_zero(_parse_count)(text)
    except UsageError as error:
        msg = f"{error.message}: give a number, or auto"
        raise UsageError(msg) from error


def _parse_api_base(text: str) -> str:
    url = MediaUrl.parse(text.strip())
    if url.parts.query or url.parts.fragment:
        msg = "an API's base has no '?' or '#' in it"
        raise UsageError(msg)
    return url.full.rstrip("/")


def _parse_engine(text: str) -> HttpEngine:
    return HttpEngine(one_of(text, [engine.value for engine in HttpEngine]))


def parse_assets(text: str) -> frozenset[AssetName]:
    """Return assets from `video,thumbnail`. Raises `UsageError`."""
    names = [name.value for name in AssetName]
    return frozenset(AssetName(one_of(part, names)) for part in text.split(","))


def one_of(text: str, names: list[str]) -> str:
    """Return the name that `text` is. Raises `UsageError` with a suggestion."""
    name = text.strip().lower().replace("-", "_")
    if name in names:
        return name
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {near[0]}?" if near else f"choose from {', '.join(names)}"
    msg = f"{text.strip()!a} is not known: {hint}"
    raise UsageError(msg)
