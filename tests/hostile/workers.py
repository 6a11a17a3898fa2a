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
    ids = {int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()}
    return {process for process in ids if _is_worker(process, parent or os.getpid())}


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
    try:
        limits = Path(f"/proc/{worker}/limits").read_text()
    except OSError:
        return False
    return "Max cpu time              unlimited" not in limits


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


def _is_worker(process: int, parent: int) -> bool:
    try:
        command = Path(f"/proc/{process}/cmdline").read_bytes()
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return False
    return _WORKER in command and f"\nPPid:\t{parent}\n" in status
