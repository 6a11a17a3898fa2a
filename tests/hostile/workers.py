"""The processes that look into files, seen from outside, and files that are hard on them."""

from __future__ import annotations

import io
import os
import select
from functools import cache
from pathlib import Path

from PIL import Image

_WORKER = b"archiver.media.worker"
_GIF_HEADER_BYTES, _GIF_TRAILER = 13, b"\x3b"
_PATIENCE_MS = 10_000


def worker_ids(parent: int | None = None) -> set[int]:
    """Return the ids of the workers that `parent`, this process if none is named, has now."""
    threads = Path(f"/proc/{parent or os.getpid()}/task").iterdir()
    children = {int(child) for thread in threads for child in _read(thread / "children").split()}
    return {child for child in children if _WORKER in _read(Path(f"/proc/{child}/cmdline"))}


def has_ended(process: int) -> bool:
    """Wait for a process to end, ten seconds at most, and tell whether it has."""
    try:
        descriptor = os.pidfd_open(process)
    except ProcessLookupError:
        return True
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    ended = poll.poll(_PATIENCE_MS)
    os.close(descriptor)
    return bool(ended)


def is_looking(worker: int) -> bool:
    """Tell whether a worker has taken a task: then its processor time is limited."""
    limits = _read(Path(f"/proc/{worker}/limits"))
    return bool(limits) and b"Max cpu time              unlimited" not in limits


@cache
def endless_gif() -> bytes:
    """Return a GIF of 5 MB whose 400 frames of 16 megapixels take a minute to decode."""
    buffer = io.BytesIO()
    Image.new("P", (4000, 4000)).save(buffer, "GIF", optimize=False)
    data = buffer.getvalue()
    start = _GIF_HEADER_BYTES + (3 << 1 + (data[10] & 7))
    return data[:start] + 400 * data[start:-1] + _GIF_TRAILER


@cache
def large_png() -> bytes:
    """Return a PNG of 160 KB that takes 300 MB to decode."""
    buffer = io.BytesIO()
    Image.new("L", (6000, 6000)).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def _read(path: Path) -> bytes:
    """Return what the kernel says there; nothing of a process that is gone."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


def peak_bytes(process: int) -> int:
    """Return the most that a living process ever had in memory, in bytes (proc_pid_status(5))."""
    lines = _read(Path(f"/proc/{process}/status")).splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(b"VmHWM:"))
