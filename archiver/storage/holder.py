"""Who holds an archive's lock, as the lock's file says it."""

from __future__ import annotations

import os
import socket

import msgspec
from msgspec import Struct

from archiver.domain.errors import ArchiveLockedError
from archiver.runtime.boot import boot_id
from archiver.storage.errors import shown, translated
from archiver.storage.folder import Folder

_LONGEST_BYTES = 65_536


class Holder(Struct, frozen=True, kw_only=True):
    """One run: its process, its machine, when it began (ISO 8601), and what it does."""

    pid: int
    host: str
    since: str
    command: str
    boot: str | None = None

    @classmethod
    def of_this_process(cls, *, since: str, command: str) -> Holder:
        """Return this process as a holder."""
        return cls(pid=os.getpid(), host=socket.gethostname(), since=since, command=command, boot=boot_id())

    @property
    def is_surely_dead(self) -> bool:
        """True where it ran on this machine and runs no more; of another machine's nothing is known."""
        if self.host != socket.gethostname() or self.pid <= 0:
            return False
        is_earlier_boot = self.boot is not None and boot_id() is not None and self.boot != boot_id()
        return is_earlier_boot or not _is_running(self.pid)

    def __str__(self) -> str:
        return f"{shown(self.command)}, pid {self.pid} on {shown(self.host)}, since {shown(self.since)}"


def encode_holder(holder: Holder) -> bytes:
    """Return the holder as a line of JSON."""
    return msgspec.json.encode(holder) + b"\n"


def read_holder(folder: Folder, name: str) -> Holder | None:
    """Return the holder in a lock's file; None while it is not written whole. Raises `ArchiveError`."""
    descriptor = folder.open_file(name, os.O_RDONLY)
    with translated("read", folder.where(name)), os.fdopen(descriptor, "rb") as file:
        data = file.read(_LONGEST_BYTES)
    try:
        return msgspec.json.decode(data, type=Holder)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def locked_error(holder: Holder | None, advice: str) -> ArchiveLockedError:
    """Return the error that tells who holds the archive, and what to do."""
    who = f"another run ({holder})" if holder else "another run"
    return ArchiveLockedError(f"{who} holds the archive: {advice}")


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        # Another user's process; or a number that no process can have, which proves nothing.
        return True
    return True
