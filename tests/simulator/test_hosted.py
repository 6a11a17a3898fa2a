"""The media host keeps RFC 9110 where no fault says otherwise."""

from __future__ import annotations

import pytest

from tests.simulator import HostedFile, Offers
from tests.simulator.wire import Request

BODY = bytes(range(100))


def _file(**offers: bool) -> HostedFile:
    return HostedFile(path="/f", body=BODY, media_type="video/mp4", offers=Offers(**offers))


def _ask(**headers: str) -> Request:
    return Request(
        method="GET", target="/f", headers={name.replace("_", "-"): text for name, text in headers.items()}
    )


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-", 0, 100),
        ("bytes=40-", 40, 100),
        ("bytes=40-49", 40, 50),
        ("bytes=90-500", 90, 100),
        ("bytes=-10", 90, 100),
        ("bytes=-500", 0, 100),
    ],
)
def test_a_range_is_answered_with_206_and_says_which_it_is(asked: str, start: int, stop: int) -> None:
    """RFC 9110 §14.1.2 and §15.3.7."""
    response = _file().respond(_ask(range=asked))
    assert (response.status, response.body) == (206, BODY[start:stop])
    assert response.headers["content-range"] == f"bytes {start}-{stop - 1}/100"


@pytest.mark.parametrize("asked", ["bytes=100-", "bytes=500-600", "bytes=-0"])
def test_a_range_beyond_the_end_is_answered_with_416_and_the_length(asked: str) -> None:
    """RFC 9110 §15.5.17."""
    response = _file().respond(_ask(range=asked))
    assert (response.status, response.headers["content-range"]) == (416, "bytes */100")


@pytest.mark.parametrize("asked", ["", "bytes=-", "bytes=a-b", "lines=1-2", "bytes=0-1,5-6"])
def test_what_is_no_single_range_gets_the_whole_file(asked: str) -> None:
    """A server may ignore any Range (RFC 9110 §14.2)."""
    response = _file().respond(_ask(range=asked))
    assert (response.status, response.body) == (200, BODY)


def test_if_range_lets_a_range_through_for_the_same_version_only() -> None:
    """RFC 9110 §13.1.5: otherwise the file comes whole."""
    file = _file()
    asked = [_ask(range="bytes=50-", if_range=text) for text in (file.etag, file.last_modified, '"other"')]
    assert [file.respond(request).status for request in asked] == [206, 206, 200]
    file.replace(BODY)
    assert [file.respond(request).status for request in asked] == [200, 200, 200]


def test_a_weak_etag_does_not_satisfy_if_range() -> None:
    """RFC 9110 §13.1.5 asks for the strong comparison."""
    file = _file(weak=True)
    assert file.etag.startswith("W/")
    assert file.respond(_ask(range="bytes=50-", if_range=file.etag)).status == 200


def test_what_a_host_does_not_offer_it_neither_sends_nor_takes() -> None:
    """Hosts without validators, or without ranges, are common."""
    bare = _file(etag=False, last_modified=False, ranges=False)
    response = bare.respond(_ask(range="bytes=50-"))
    assert response.status == 200
    assert not {"etag", "last-modified", "accept-ranges"} & set(response.headers)
    without_validators = _file(etag=False, last_modified=False)
    conditional = _ask(range="bytes=50-", if_range=without_validators.etag)
    assert without_validators.respond(conditional).status == 200
