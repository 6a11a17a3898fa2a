"""What is known of an unfinished download, kept beside its bytes; and how far those bytes can be trusted."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from archiver.domain.identity import MediaUrl
from archiver.domain.transfer import Validator

JOURNAL_VERSION = 1


class Journal(Struct, frozen=True, kw_only=True):
    """The record beside a `.part` file.

    `resource` is the URL without its query: a signature is neither stored nor compared. `durable` counts
    the bytes known to be on the disk, `boot` names the machine's run in which the others were written.
    """

    version: int = JOURNAL_VERSION
    resource: str
    validator: Validator
    total: int | None
    durable: int
    boot: str | None


def encode_journal(journal: Journal) -> bytes:
    """Return the journal as a line of JSON."""
    return msgspec.json.encode(journal) + b"\n"


def decode_journal(data: bytes) -> Journal | None:
    """Return the journal in `data`; None where it is none that this version can use."""
    try:
        journal = _DECODER.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return journal if journal.version == JOURNAL_VERSION else None


def trusted_length(journal: Journal, url: MediaUrl, *, size: int, boot: str | None) -> int:
    """Return how many of the file's `size` bytes are surely the beginning of what `url` names; 0 for none.

    In the boot that wrote them all are: a killed process loses nothing that it had written. After another
    boot only the synced ones are: a power cut may leave zeros, or nothing, where there were bytes.
    """
    if journal.resource != url.resource:
        return 0
    is_same_boot = boot is not None and journal.boot == boot
    length = size if is_same_boot else min(size, journal.durable)
    is_too_long = journal.total is not None and length > journal.total
    return 0 if is_too_long else max(0, length)


_DECODER = msgspec.json.Decoder(Journal)
