"""Tars as a stream: plain USTAR (POSIX.1-2017, pax, "ustar Interchange Format"), the same bytes each time.

No times, owners or names of users; mode 0644. The few names and sizes that USTAR has no room for, over 100
characters and from 8 GiB on, are written as GNU tar does: whatever reads tars today knows both.
"""

from __future__ import annotations

import os
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from archiver.dataset.output import Output

_BLOCK = tarfile.BLOCKSIZE
_END = bytes(2 * _BLOCK)


def header_of(name: str, size: int) -> bytes:
    """Return the header of a member: one block, or more where USTAR has no room for its name."""
    member = tarfile.TarInfo(name)
    member.size = size
    try:
        return member.tobuf(tarfile.USTAR_FORMAT, "utf-8", "strict")
    except ValueError:
        return member.tobuf(tarfile.GNU_FORMAT, "utf-8", "strict")


def write_member(output: Output, name: str, size: int, copy_to: Callable[[Output], object]) -> None:
    """Write a member; `copy_to` appends `size` bytes, or raises. Raises what it and `Output.write` raise."""
    output.write(header_of(name, size))
    copy_to(output)
    output.write(bytes(-size % _BLOCK))


def write_end(output: Output) -> None:
    """Write what says that nothing follows."""
    output.write(_END)


def read_members(path: Path) -> Iterator[tuple[str, int]]:
    """Give the names and sizes of a tar's members; their bytes are passed over.

    Raises `ValueError` where it is not a whole tar, or has something else than files in it, and `OSError`.
    """
    with path.open("rb") as file:
        # Python passes over a header that was cut, and misses no end (Python 3.11, tarfile.py: `next`).
        file.seek(-min(len(_END), path.stat().st_size), os.SEEK_END)
        if file.read() != _END:
            msg = f"{path.name} is not a whole tar: its end is missing"
            raise ValueError(msg)
        file.seek(0)
        try:
            yield from _members(path.name, file)
        except tarfile.TarError as error:
            msg = f"{path.name} is not a whole tar: {error}"
            raise ValueError(msg) from error


def _members(name: str, file: BinaryIO) -> Iterator[tuple[str, int]]:
    with tarfile.open(fileobj=file, mode="r:") as tar:
        for member in tar:
            if not member.isreg():
                msg = f"{name} has {member.name[:80]!a} in it, which is not a file"
                raise ValueError(msg)
            yield member.name, member.size
