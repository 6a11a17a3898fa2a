"""The errors that cross floors, and what each asks of whoever catches it; those of one floor stand there.

    ArchiverError
    ├── RunError                     the run cannot go on; it propagates
    │   ├── UsageError               a bad option, an unreadable manifest, no key
    │   ├── ArchiveError             the archive cannot be read or written
    │   │   └── DiskFullError        no room, or less than --min-free is left
    │   ├── ArchiveLockedError       another run holds the archive
    │   ├── KeyRefusedError          the API refused the key (401, 403)
    │   └── RunInterruptedError      a signal: SIGINT, SIGTERM, SIGHUP; or a reader that left
    ├── ManifestRowError             one row of a manifest cannot be used
    ├── SidecarError                 one generation's sidecar cannot be read
    │   ├── LaterSchemaError         a newer program wrote it: it is left alone
    │   ├── OutOfPlaceError          a link, a folder or a device stands in its place
    │   ├── StandingSidecarError     one stands where none was known of
    │   └── OtherGenerationError     its place is taken by another generation's: that is left alone
    ├── ResolveError                 one generation could not be resolved
    │   ├── BadAnswerError           HTML, half JSON, the wrong shape
    │   ├── WrongIdError             the answer is about another generation
    │   ├── NotFoundError            the service does not know the id
    │   └── ServiceRefusedError      quota, an error object: the service's own words
    └── TransferError                a request or its body went wrong
        ├── ConnectError             no connection: refused, no such host, TLS
        ├── StalledError             no byte for --stall-timeout
        ├── BrokenError              cut, reset, not HTTP
        ├── StatusError              an HTTP status that is not success
        ├── WrongBodyError           not media: empty, an HTML page
        ├── TooLargeError            over --max-asset-size, or an answer over 8 MB
        ├── AddressRefusedError      the host's address is not public
        ├── UrlRefusedError          not http or https, or no URL at all
        ├── RedirectError            a loop, too many, or to nowhere
        └── RetryLaterError          Retry-After is longer than --max-retry-after

Below the pipeline errors are raised; above it they are values (`ErrorRecord`) in an outcome.
"""

from __future__ import annotations

from enum import Enum
from typing import ClassVar

from msgspec import Struct


class Disposition(Enum):
    """What to do about an error."""

    RETRY = "retry"
    """It may pass: back off, then try again."""
    RE_RESOLVE = "re-resolve"
    """The URL is spent: ask the API for a fresh one, once."""
    SKIP = "skip"
    """Trying again now gives the same: go on without."""
    ABORT = "abort"
    """The run cannot go on."""


class ErrorRecord(Struct, frozen=True, kw_only=True):
    """An error as sidecars and `--json` output show it."""

    kind: str
    message: str


class ArchiverError(Exception):
    """The root: `kind` is a stable word for programs, the text one line for people."""

    kind: ClassVar[str] = "error"
    disposition: Disposition = Disposition.SKIP

    def __init__(self, message: str, *, attempts: int = 1, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.attempts = attempts
        self.retry_after_s = retry_after_s

    def __str__(self) -> str:
        return self.message

    def record(self) -> ErrorRecord:
        """Return the value that outlives the exception."""
        tries = f" (after {self.attempts} tries)" if self.attempts > 1 else ""
        return ErrorRecord(kind=self.kind, message=self.message + tries)


class RunError(ArchiverError):
    """The run cannot go on; `exit_code` is the contract's."""

    disposition = Disposition.ABORT
    exit_code: int = 1


class UsageError(RunError):
    """A bad option, an unreadable manifest, no key."""

    kind = "usage"
    exit_code = 2


class ArchiveError(RunError):
    """The archive cannot be read or written."""

    kind = "archive"


class DiskFullError(ArchiveError):
    """No room is left, or less than `--min-free`."""

    kind = "disk_full"


class ArchiveLockedError(RunError):
    """Another run holds the archive."""

    kind = "locked"
    exit_code = 11


class KeyRefusedError(RunError):
    """The API refused the key with 401 or 403."""

    kind = "key_refused"
    exit_code = 12


class RunInterruptedError(RunError):
    """The run was told to stop; the exit code is 128 plus the signal's number."""

    kind = "interrupted"

    def __init__(self, signal_number: int) -> None:
        super().__init__("interrupted: what was finished is kept, the next run goes on")
        self.exit_code = 128 + signal_number


class ManifestRowError(ArchiverError):
    """One row of a manifest cannot be used."""

    kind = "bad_row"


class SidecarError(ArchiverError):
    """One generation's sidecar cannot be read: not JSON, not a sidecar, another generation's."""

    kind = "bad_sidecar"


class LaterSchemaError(SidecarError):
    """A newer program wrote the sidecar: it is left alone."""

    kind = "later_schema"


class OtherGenerationError(SidecarError):
    """Another generation's folder or sidecar stands where this one's belongs: it is left alone."""

    kind = "other_generation"


class OutOfPlaceError(SidecarError):
    """Something else stands where a generation's folder or file belongs: it costs that one alone."""

    kind = "out_of_place"


class StandingSidecarError(SidecarError):
    """A sidecar of the very generation stands where none was known of: it is read before it is replaced."""

    kind = "standing_sidecar"


class ResolveError(ArchiverError):
    """One generation could not be resolved."""

    kind = "resolve"


class BadAnswerError(ResolveError):
    """The API's answer is HTML, half JSON or of the wrong shape; a gateway's passing page often is."""

    kind = "bad_answer"
    disposition = Disposition.RETRY


class WrongIdError(ResolveError):
    """The answer's id is not the id asked for."""

    kind = "wrong_id"


class NotFoundError(ResolveError):
    """The service does not know the generation."""

    kind = "not_found"


class ServiceRefusedError(ResolveError):
    """The service refused in its own words: quota, an error object under 200."""

    kind = "service_refused"


class TransferError(ArchiverError):
    """A request, or the body that answered it, went wrong."""

    kind = "transfer"
    disposition = Disposition.RETRY


class ConnectError(TransferError):
    """No connection: refused, no such host, TLS."""

    kind = "connect"


class StalledError(TransferError):
    """No byte arrived for the stall time-out."""

    kind = "stalled"


class BrokenError(TransferError):
    """The connection was cut or reset, or what came is not HTTP."""

    kind = "broken"


class StatusError(TransferError):
    """The host answered with an HTTP status that is not success."""

    kind = "status"

    def __init__(
        self, message: str, *, status: int, disposition: Disposition, retry_after_s: float | None = None
    ) -> None:
        super().__init__(message, retry_after_s=retry_after_s)
        self.status = status
        self.disposition = disposition


class WrongBodyError(TransferError):
    """The body is not media at all: empty, an HTML page."""

    kind = "not_media"


class TooLargeError(TransferError):
    """The body is over the size that is allowed for it."""

    kind = "too_large"
    disposition = Disposition.SKIP


class AddressRefusedError(TransferError):
    """The host's address is loopback, private or otherwise not public."""

    kind = "address_refused"
    disposition = Disposition.SKIP


class UrlRefusedError(TransferError):
    """Not an http or https URL, or no URL at all."""

    kind = "url_refused"
    disposition = Disposition.SKIP


class RedirectError(TransferError):
    """A redirect loops, goes on for too long or leads nowhere."""

    kind = "redirect"
    disposition = Disposition.SKIP


class RetryLaterError(TransferError):
    """The host asked for a longer pause than `--max-retry-after`: left for a later run."""

    kind = "retry_later"
    disposition = Disposition.SKIP
