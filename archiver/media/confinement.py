"""What a worker gives up before it opens a stranger's file; what it starts, ffmpeg, inherits all of it.

Linux enforces all that is below. macOS does not enforce RLIMIT_AS (its setrlimit(2) takes the value, or
refuses it, and the process grows all the same): there memory is not limited, only time is.
"""

from __future__ import annotations

import ctypes
import math
import resource
import sys
import time
from contextlib import suppress

_PR_SET_NO_NEW_PRIVS = 38  # linux/prctl.h


def confine(memory_bytes: int) -> None:
    """Limit this process for good: memory, no core dumps, no files written, no new privileges."""
    _limit(resource.RLIMIT_AS, memory_bytes)
    # A dump of every crash would fill a disk, and would hold what was in memory.
    _limit(resource.RLIMIT_CORE, 0)
    # Nothing is written but answers, through a pipe, which does not count.
    _limit(resource.RLIMIT_FSIZE, 0)
    if sys.platform == "linux":
        # Whatever it starts gains nothing by a set-user-ID bit (prctl(2)).
        ctypes.CDLL(None).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def confine_child(process_id: int, memory_bytes: int) -> None:
    """Limit a process that was just started: memory, no core dumps. On Linux alone (prlimit(2))."""
    if sys.platform == "linux":
        # It may have ended already.
        with suppress(OSError, ValueError):
            resource.prlimit(process_id, resource.RLIMIT_AS, (memory_bytes, memory_bytes))
            resource.prlimit(process_id, resource.RLIMIT_CORE, (0, 0))


def allow_cpu(seconds: int) -> None:
    """Let the kernel end this process (SIGXCPU) when it has used so much more processor time."""
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    soft = math.ceil(time.process_time()) + seconds
    with suppress(ValueError, OSError):
        # A hard limit that is lower already, set by whoever started us, holds.
        resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def _limit(what: int, value: int) -> None:
    with suppress(ValueError, OSError):
        resource.setrlimit(what, (value, value))
