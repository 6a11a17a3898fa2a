"""Which run of the machine this is: bytes not yet synced outlive a process, not a power cut."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@cache
def boot_id() -> str | None:
    """Return the name of the machine's present run (Linux: random(4), `boot_id`), or None."""
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip() or None
    except (OSError, ValueError):
        return None
