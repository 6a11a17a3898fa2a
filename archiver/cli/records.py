"""The archive of a command that only reads, opened by its options."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from archiver.assembly.reading import Records, open_records
from archiver.cli.given import Given
from archiver.cli.settings import read_archive
from archiver.cli.text import complain


@contextmanager
def opened_records(given: Given) -> Iterator[Records]:
    """Open the archive that the options name; what a person should know of it is said.

    Raises `click.UsageError`, `ArchiveError`.
    """
    with open_records(read_archive(given)) as records:
        for notice in records.notices:
            complain(notice)
        yield records
