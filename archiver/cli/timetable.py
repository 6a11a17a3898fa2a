"""A nightly run as cron and systemd write one down. No I/O."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from archiver.domain.errors import UsageError

_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)", re.ASCII)
_UNIT = "luma-archiver"


@dataclass(frozen=True, slots=True)
class TimeOfDay:
    """When to run, by the machine's own clock."""

    hour: int
    minute: int


def parse_time_of_day(text: str) -> TimeOfDay:
    """Return the time in `03:30`. Raises `UsageError`."""
    found = _TIME.fullmatch(text.strip())
    if not found:
        msg = f"{text[:20]!a} is not a time of day: write 03:30"
        raise UsageError(msg)
    return TimeOfDay(int(found[1]), int(found[2]))


def cron_line(command: Sequence[str], at: TimeOfDay) -> str:
    """Return the line of a crontab. Raises `UsageError` for what no line can hold."""
    if any("\n" in word for word in command):
        msg = "a crontab's line cannot hold a path or a value with a line end in it"
        raise UsageError(msg)
    # A bare % ends the command (crontab(5)), also within quotes; the backslash is taken away by cron itself.
    return f"{at.minute} {at.hour} * * * {shlex.join(command)}".replace("%", r"\%")


def systemd_units(command: Sequence[str], at: TimeOfDay, *, is_root: bool) -> str:
    """Return a service and its timer, with what to do with them as comments."""
    folder, manager = ("/etc/systemd/system", "systemctl")
    if not is_root:
        folder, manager = "~/.config/systemd/user", "systemctl --user"
    linger = "" if is_root else "\n# To let it run while you are not logged in: loginctl enable-linger"
    return f"""\
# {folder}/{_UNIT}.service
[Unit]
Description=Archive AI video generations

[Service]
Type=oneshot
ExecStart={_exec_start(command)}
Nice=10

# {folder}/{_UNIT}.timer
[Unit]
Description=Archive AI video generations every night

[Timer]
OnCalendar=*-*-* {at.hour:02}:{at.minute:02}
RandomizedDelaySec=15min
Persistent=true

[Install]
WantedBy=timers.target

# Then: {manager} daemon-reload && {manager} enable --now {_UNIT}.timer{linger}"""


def _exec_start(command: Sequence[str]) -> str:
    """Return a command line as systemd reads it (systemd.service(5), "COMMAND LINES")."""
    program, *arguments = map(_quoted, command)
    # In the program's own path a dollar is a dollar; in arguments it begins a variable.
    return " ".join([program, *(word.replace("$", "$$") for word in arguments)])


def _quoted(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return '"' + escaped.replace("%", "%%") + '"'
