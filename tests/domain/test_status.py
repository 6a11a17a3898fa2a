"""What an HTTP status that is not success asks for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.domain.errors import Disposition, RetryLaterError, StatusError
from archiver.domain.identity import MediaUrl
from archiver.domain.status import status_error
from archiver.domain.timing import RetryPolicy
from archiver.domain.transfer import Head

URL = MediaUrl("https://media.example/clip.mp4?signature=secret")
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
POLICY = RetryPolicy(longest_retry_after_s=300)


def _error(status: int, **headers: str) -> StatusError | RetryLaterError:
    error = status_error(URL, Head(status=status, headers=headers), now=NOW, policy=POLICY)
    assert isinstance(error, StatusError | RetryLaterError)
    return error


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 520, 599])
def test_what_may_pass_by_itself_is_tried_again(status: int) -> None:
    """A server in trouble, or one that wants peace, is asked again later."""
    assert _error(status).disposition is Disposition.RETRY


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_url_that_ran_out_is_resolved_afresh(status: int) -> None:
    """Media hosts say an expired signature with any of these."""
    assert _error(status).disposition is Disposition.RE_RESOLVE


@pytest.mark.parametrize("status", [400, 402, 405, 418, 451])
def test_what_stays_as_it_is_is_not_asked_again(status: int) -> None:
    """The same request would get the same answer."""
    assert _error(status).disposition is Disposition.SKIP


def test_a_pause_is_obeyed_in_both_of_its_forms() -> None:
    """RFC 9110 §10.2.3: seconds, or a date."""
    in_a_minute = format_datetime(NOW + timedelta(seconds=60), usegmt=True)
    assert _error(503, **{"retry-after": "60"}).retry_after_s == 60
    assert _error(503, **{"retry-after": in_a_minute}).retry_after_s == 60


@given(st.integers(min_value=301, max_value=10**11))
def test_a_pause_longer_than_allowed_ends_the_tries(seconds: int) -> None:
    """A nightly job that waits a day for one clip archives nothing else."""
    error = _error(429, **{"retry-after": str(seconds)})
    assert isinstance(error, RetryLaterError)
    assert error.disposition is Disposition.SKIP


@given(st.integers(min_value=400, max_value=599))
def test_no_message_shows_the_signature(status: int) -> None:
    """The query of a signed URL opens the file to whoever reads the log."""
    assert "secret" not in _error(status).message
    assert str(status) in _error(status).message
