"""A gate that blocks pass on their way from the disk: at a rate, until it is shut."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from io import FileIO

from archiver.storage.errors import translated
from archiver.storage.files import BLOCK_BYTES
from archiver.storage.folder import Folder


class GateShutError(Exception):
    """The gate was shut: whoever reads is to end."""


class Gate:
    """Threads pass here with each block that they want to read; `rate` is bytes a second for all together."""

    def __init__(self, rate: float | None = None) -> None:
        self._rate = rate
        self._turn = threading.Lock()
        self._due_s = 0.0
        self._shut = threading.Event()

    def shut(self) -> None:
        """Let nobody pass any more, and wake those who wait."""
        self._shut.set()

    def pass_block(self, count: int) -> None:
        """Wait for the turn of `count` bytes. Raises `GateShutError`."""
        wait_s = self._reserve(count)
        # A wait of nothing takes a lock and a thread's turn all the same.
        if self._shut.wait(wait_s) if wait_s else self._shut.is_set():
            raise GateShutError

    def _reserve(self, count: int) -> float:
        """Return the seconds until as many bytes may pass: one block's time after another's."""
        if self._rate is None:
            return 0.0
        with self._turn:
            now_s = time.monotonic()
            wait_s = max(0.0, self._due_s - now_s)
            self._due_s = max(self._due_s, now_s) + count / self._rate
            return wait_s


class _Block(threading.local):
    """A block for each thread: a new one for each file would be filled with zeros first."""

    def __init__(self) -> None:
        self.view = memoryview(bytearray(BLOCK_BYTES))


_block = _Block()


def sha256_through(gate: Gate, folder: Folder, name: str) -> str:
    """Return a file's SHA-256 in hexadecimal, read block by block. Raises `GateShutError`, `ArchiveError`."""
    digest, block = hashlib.sha256(), _block.view
    descriptor = folder.open_file(name, os.O_RDONLY)
    with translated("read", folder.where(name)), FileIO(descriptor) as file:
        gate.pass_block(0)
        while count := file.readinto(block):
            gate.pass_block(count)
            digest.update(block[:count])
    return digest.hexdigest()
