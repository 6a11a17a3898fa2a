"""What `doctor` looks at on this machine: each check is one finding, with what to do about it."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from archiver.assembly.checkup import ApiState
from archiver.assembly.options import Options
from archiver.assembly.reading import open_records
from archiver.domain.errors import (
    ArchiveError,
    ArchiverError,
    BadAnswerError,
    KeyRefusedError,
    ServiceRefusedError,
    UsageError,
)
from archiver.domain.quantity import show_size
from archiver.domain.timing import show_duration
from archiver.media.environment import environment
from archiver.media.ffmpeg import locate_ffmpeg
from archiver.storage.archive import Archive

# Signed URLs live an hour; clouds refuse clocks that are a quarter of one wrong (AWS, RequestTimeTooSkewed).
_CLOCK_TOLERANCE_S = 60.0
_LITTLE_ROOM = 1_000_000_000
_FFMPEG_TIME_LIMIT_S = 20
_FAILED, _USAGE = 1, 2


class Level(StrEnum):
    """How a finding matters."""

    OK = "ok"
    NOTE = "note"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One check: what was found, what to do about it, and the exit code of a run that would fail for it."""

    name: str
    level: Level = Level.OK
    message: str
    advice: str = ""
    exit_code: int = 0


def check_key(origin: str | None) -> Finding:
    """Look whether there is a key to ask with."""
    if origin:
        return Finding(name="key", message=f"from {origin}")
    advice = "set LUMA_API_KEY, or give --api-key-file FILE"
    return _problem("key", "none", advice, exit_code=_USAGE)


def check_api(api_base: str, state: ApiState | None) -> Finding:
    """Say what the API answered; without a key it was not asked."""
    if state is None:
        return Finding(name="API", level=Level.NOTE, message="not asked without a key")
    match state.trouble:
        case None:
            return Finding(name="API", message=f"{api_base} answers and takes the key")
        case KeyRefusedError() as error:
            advice = "set LUMA_API_KEY, or give --api-key-file FILE; it may have run out, too"
            return _problem("API", error.message, advice, exit_code=error.exit_code)
        case ServiceRefusedError() as error:
            return Finding(
                name="API", level=Level.NOTE, message=f"it answers, in its own words: {error.message}"
            )
        case BadAnswerError() as error:
            return _problem("API", error.message, f"see that {api_base} is the right --api-base")
        case ArchiverError() as error:
            return _problem("API", error.message, "see to the network, --proxy and --api-base")


def check_clock(state: ApiState | None) -> Finding:
    """Compare this machine's clock with the API's."""
    ahead_s = state.clock_ahead_s if state else None
    if ahead_s is None:
        return Finding(
            name="clock", level=Level.NOTE, message="nothing to compare it with: the API gave no date"
        )
    apart = f"{show_duration(abs(ahead_s))} {'ahead of' if ahead_s > 0 else 'behind'} the API's"
    if abs(ahead_s) > _CLOCK_TOLERANCE_S:
        advice = "set it, and keep it by NTP (timedatectl set-ntp true): signed URLs go by it"
        return _problem("clock", apart, advice)
    return Finding(name="clock", message=apart)


def check_disk(options: Options) -> Finding:
    """Look whether the archive can be written, and how much room there is."""
    root = options.archive.absolute()
    try:
        if root.exists():
            Archive.open(root)
        home = next(path for path in (root, *root.parents) if path.exists())
        free = shutil.disk_usage(home).free
    except ArchiveError as error:
        return _problem("disk", error.message)
    except OSError as error:
        return _problem("disk", f"{root}: {error.strerror}", "choose another --archive")
    if not (home.is_dir() and os.access(home, os.W_OK | os.X_OK)):
        return _problem(
            "disk", f"{root} cannot be made in {home}", "give the right to, or choose another --archive"
        )
    wanted = max(_LITTLE_ROOM, options.budget.min_free or 0)
    if free < wanted:
        return _problem("disk", f"{show_size(free)} free for {root}, under {show_size(wanted)}", "make room")
    return Finding(name="disk", message=f"{root} can be written, {show_size(free)} free")


def check_ffmpeg() -> Finding:
    """Look whether there is an ffmpeg that runs; `--deep` decodes with it."""
    try:
        program = locate_ffmpeg()
    except UsageError as error:
        return _problem("ffmpeg", error.message)
    try:
        done = subprocess.run(  # noqa: S603 - located
            [program, "-version"],
            capture_output=True,
            check=False,
            timeout=_FFMPEG_TIME_LIMIT_S,
            env=environment(),
        )
    except (OSError, subprocess.TimeoutExpired):
        return _problem("ffmpeg", f"{program} does not run", "install ffmpeg: --deep decodes with it")
    if done.returncode:
        return _problem("ffmpeg", f"{program} ends with exit code {done.returncode}", "install it again")
    version = done.stdout.decode(errors="replace").partition(" Copyright")[0].removeprefix("ffmpeg version ")
    return Finding(name="ffmpeg", message=f"{program}, {version[:40]}")


def check_archive(root: Path) -> Finding:
    """Look whether the records can be read, and what they say of themselves."""
    try:
        if not root.exists():
            return Finding(name="archive", level=Level.NOTE, message="not there yet: the first run makes it")
        with open_records(root) as records:
            count, notices = sum(1 for _ in records.index.entries()), records.notices
    except OSError as error:
        return _problem("archive", f"{root}: {error.strerror}")
    except ArchiveError as error:
        return _problem("archive", error.message)
    if notices:
        return Finding(name="archive", level=Level.NOTE, message="; ".join(notices))
    return Finding(name="archive", message=f"{count} generations on record")


def _problem(name: str, message: str, advice: str = "", *, exit_code: int = _FAILED) -> Finding:
    return Finding(name=name, level=Level.PROBLEM, message=message, advice=advice, exit_code=exit_code)
