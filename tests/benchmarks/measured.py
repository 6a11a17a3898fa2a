"""A command, measured from outside: wall time, processor time, memory of its whole process tree."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.watching import Watch


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How a command went; times in seconds, `own_s` that of a processor in its first process alone.

    `peak_mb` is the sum over its processes of the most that each had resident (proc(5), `VmHWM`): what they
    share is counted in each, so it is an upper bound. `pss_mb` is the largest sum of proportional set sizes
    that was seen (proc(5), `smaps_rollup`): that counts what is shared once, but takes time from the command,
    so it is 0 unless it was asked for. `sync_s` is what sync(2) took afterwards: the work left to the kernel.
    """

    code: int
    out: str
    err: str
    seconds: float
    user_s: float
    system_s: float
    own_s: float
    peak_mb: float
    pss_mb: float
    sync_s: float

    @property
    def cpu_s(self) -> float:
        """What the command and its children took of all processors."""
        return self.user_s + self.system_s


def run_measured(
    command: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    with_pss: bool = False,
) -> Run:
    """Run a command to its end. What was written before is on the disk before it starts."""
    os.sync()
    before, began_s = os.times(), time.monotonic()
    process = subprocess.Popen(  # noqa: S603 - the benchmark's own commands
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=folder,
    )
    with Watch(process.pid, with_pss=with_pss) as seen:
        out, err = process.communicate()
        seconds, after = time.monotonic() - began_s, os.times()
    return Run(
        code=process.returncode,
        out=out,
        err=err,
        seconds=seconds,
        # Of all children that were waited for, and of theirs (times(2)).
        user_s=after.children_user - before.children_user,
        system_s=after.children_system - before.children_system,
        own_s=seen.own_s,
        peak_mb=seen.peak_mb,
        pss_mb=seen.pss_mb,
        sync_s=_time_sync(),
    )


def _time_sync() -> float:
    began_s = time.monotonic()
    os.sync()
    return time.monotonic() - began_s
