"""What an HTTP status that is not success asks for, at a media host and at the API (RFC 9110 §15)."""

from __future__ import annotations

from datetime import datetime

from archiver.domain.errors import Disposition, RetryLaterError, StatusError, TransferError
from archiver.domain.identity import MediaUrl
from archiver.domain.timing import RetryPolicy, parse_retry_after, show_duration
from archiver.domain.transfer import Head

# 425 is RFC 8470's "Too Early"; 5xx are the server's own trouble.
_PASSING = {408, 425, 429}
# A signature that ran out, or an object that moved: a fresh URL may work where this one does not.
_SPENT_URL = {401, 403, 404, 410}
_SERVER_ERRORS = range(500, 600)


def status_error(url: MediaUrl, head: Head, *, now: datetime, policy: RetryPolicy) -> TransferError:
    """Return the error that a media host's answer means: to be tried again, resolved afresh or skipped."""
    disposition = Disposition.RE_RESOLVE if head.status in _SPENT_URL else disposition_of(head.status)
    return refusal(f"{url.host} answered HTTP {head.status}", head, disposition, now=now, policy=policy)


def disposition_of(status: int) -> Disposition:
    """Return what a status asks for where URLs do not expire."""
    return Disposition.RETRY if status in _PASSING or status in _SERVER_ERRORS else Disposition.SKIP


def refusal(
    words: str, head: Head, disposition: Disposition, *, now: datetime, policy: RetryPolicy
) -> TransferError:
    """Return the error for an answer, with the pause it asks for; one too long to wait for ends the tries."""
    pause_s = parse_retry_after(head.headers, now)
    if pause_s is None or disposition is not Disposition.RETRY:
        return StatusError(words, status=head.status, disposition=disposition)
    if pause_s > policy.longest_retry_after_s:
        msg = f"{words} and asked to wait {show_duration(pause_s)}: left for a later run"
        return RetryLaterError(msg)
    return StatusError(words, status=head.status, disposition=disposition, retry_after_s=pause_s)
