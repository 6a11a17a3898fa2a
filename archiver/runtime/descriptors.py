"""Open files: a process may have so many at once, and often more than it begins with."""

from __future__ import annotations

import resource


def allow_open_files(wanted: int) -> int:
    """Raise this process's own limit to `wanted`, as far as it may (getrlimit(2)); return what it is then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return wanted
    limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    except (OSError, ValueError):
        # macOS takes no more than its own OPEN_MAX, whatever it calls the hard limit.
        return soft
    return limit
