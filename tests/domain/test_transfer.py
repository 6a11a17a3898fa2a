"""The whole resume question as a table: what is held, what is answered, what to do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.domain.transfer import (
    OVERLAP_BYTES,
    OVERLAP_UNDER_VALIDATOR_BYTES,
    AlreadyComplete,
    Append,
    Head,
    Held,
    Refuse,
    Restart,
    Validator,
    plan_body,
)

STRONG = Validator(etag='"v1"')
NONE = Validator()
OLD = "Sun, 22 Dec 2024 13:40:00 GMT"
OLDER = "Sun, 22 Dec 2024 13:39:00 GMT"
HARDLY_OLDER = "Sun, 22 Dec 2024 13:39:01 GMT"

# 200,000 of 500,000 bytes are held: the overlap is 1024 bytes under a strong validator, 65,536 without.
HELD = Held(length=200_000, validator=STRONG, total=500_000)
UNSURE = Held(length=200_000, validator=NONE, total=None)
FROM = 200_000 - OVERLAP_UNDER_VALIDATOR_BYTES
FROM_UNSURE = 200_000 - OVERLAP_BYTES


def _head(status: int, **headers: str) -> Head:
    return Head(status=status, headers={name.replace("_", "-"): text for name, text in headers.items()})


def _partial(content_range: str, **headers: str) -> Head:
    return _head(206, content_range=content_range, **headers)


@pytest.mark.parametrize(
    ("case", "held", "head", "plan"),
    [
        ("the first request", None, _head(200, content_length="500000"), Restart(500_000)),
        ("its length is not said", None, _head(200), Restart(None)),
        ("its length is nonsense", None, _head(200, content_length="-5"), Restart(None)),
        ("the range was ignored", HELD, _head(200, content_length="500000"), Restart(500_000)),
        ("the file changed, If-Range says", HELD, _head(200, content_length="7", etag='"v2"'), Restart(7)),
        (
            "the rest, of the same version",
            HELD,
            _partial(f"bytes {FROM}-499999/500000", etag='"v1"'),
            Append(FROM, 1024, 500_000),
        ),
        (
            "the rest, no validator said",
            HELD,
            _partial(f"bytes {FROM}-499999/500000"),
            Append(FROM, 1024, 500_000),
        ),
        ("a part of the rest", HELD, _partial(f"bytes {FROM}-300000/500000"), Append(FROM, 1024, 500_000)),
        (
            "the length is not said again",
            HELD,
            _partial(f"bytes {FROM}-499999/*"),
            Append(FROM, 1024, 500_000),
        ),
        (
            "nothing is known but the overlap",
            UNSURE,
            _partial(f"bytes {FROM_UNSURE}-499999/500000"),
            Append(FROM_UNSURE, 65_536, 500_000),
        ),
        (
            "never was a length said",
            UNSURE,
            _partial(f"bytes {FROM_UNSURE}-499999/*"),
            Append(FROM_UNSURE, 65_536, None),
        ),
        ("a range nobody asked for, but all of it", None, _partial("bytes 0-9/10"), Restart(10)),
        (
            "all is held",
            Held(length=9, validator=STRONG, total=9),
            _head(416, content_range="bytes */9"),
            AlreadyComplete(),
        ),
        (
            "all is held, the length was unknown",
            Held(length=9, validator=STRONG),
            _head(416, content_range="bytes */9"),
            AlreadyComplete(),
        ),
    ],
)
def test_a_body_that_can_be_used(case: str, held: Held | None, head: Head, plan: object) -> None:
    """Every line is an answer that a right or lenient server gives."""
    assert plan_body(held, head) == plan, case


@pytest.mark.parametrize(
    ("case", "held", "head"),
    [
        ("another version by its etag", HELD, _partial(f"bytes {FROM}-499999/500000", etag='"v2"')),
        ("another length", HELD, _partial(f"bytes {FROM}-499998/499999", etag='"v1"')),
        ("an earlier range", HELD, _partial(f"bytes {FROM - 1}-499999/500000")),
        ("a later range", HELD, _partial("bytes 200000-499999/500000")),
        ("a range that ends before it begins", HELD, _partial(f"bytes {FROM}-{FROM - 1}/500000")),
        ("a range that ends after the file", HELD, _partial(f"bytes {FROM}-500000/500000")),
        ("a file shorter than what is held", UNSURE, _partial(f"bytes {FROM_UNSURE}-199998/199999")),
        ("no Content-Range", HELD, _head(206)),
        ("several ranges", HELD, _head(206, content_type="multipart/byteranges; boundary=x")),
        ("another unit", HELD, _partial(f"lines {FROM}-499999/500000")),
        ("a Content-Range of nonsense", HELD, _partial("bytes a-b/c")),
        ("a Content-Range of five thousand digits", None, _partial(f"bytes 0-{'9' * 5000}/*")),
        ("an unsatisfied one under 206", HELD, _partial("bytes */500000")),
        ("a part, though all was asked for", None, _partial("bytes 5-9/10")),
        ("the beginning, though all was asked for", None, _partial("bytes 0-4/10")),
        ("a part of who knows what", None, _partial("bytes 0-4/*")),
        ("a coding that cannot be unpacked", None, _head(200, content_encoding="br", content_length="100")),
        ("two codings", None, _head(200, content_encoding="gzip, gzip")),
        ("a coding over a part", HELD, _partial(f"bytes {FROM}-499999/500000", content_encoding="gzip")),
        ("another coding over a part", HELD, _partial(f"bytes {FROM}-499999/500000", content_encoding="br")),
        ("416 to a first request", None, _head(416, content_range="bytes */500000")),
        ("416 that does not say the length", HELD, _head(416)),
        ("416 of five thousand digits", HELD, _head(416, content_range=f"bytes */{'9' * 5000}")),
        ("416 of a shorter file", HELD, _head(416, content_range="bytes */100")),
        ("416 at the held length, which is not the whole", HELD, _head(416, content_range="bytes */200000")),
        (
            "416 without anything that vouches",
            Held(length=9, validator=NONE, total=9),
            _head(416, content_range="bytes */9"),
        ),
        (
            "416 of another version",
            Held(length=9, validator=STRONG),
            _head(416, content_range="bytes */9", etag='"v2"'),
        ),
        ("an answer without a body", None, _head(204)),
        ("not modified", HELD, _head(304)),
    ],
)
def test_a_body_that_cannot_be_used_is_refused(case: str, held: Held | None, head: Head) -> None:
    """Believed, any of these would make a corrupt file; the reason is one printable line."""
    plan = plan_body(held, head)
    assert isinstance(plan, Refuse), case
    assert plan.reason.isprintable()


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "deflate", "GZip "])
def test_a_whole_file_in_a_known_coding_is_unpacked(coding: str) -> None:
    """Some servers always compress. The length that they say is the coded body's, not the file's."""
    plan = plan_body(HELD, _head(200, content_encoding=coding, content_length="100"))
    assert plan == Restart(None, coding.strip().lower())


def test_a_coding_of_identity_is_none() -> None:
    """Some servers say it (RFC 9110 §8.4.1 reserves it for Accept-Encoding)."""
    assert plan_body(None, _head(200, content_encoding=" Identity ")) == Restart(None)


@given(
    st.none()
    | st.builds(
        Held,
        length=st.integers(0, 10**6),
        validator=st.sampled_from([STRONG, NONE, Validator(etag='W/"w"'), Validator(last_modified=OLD)]),
        total=st.none() | st.integers(0, 10**6),
    ),
    st.sampled_from([200, 206, 416, 204, 301, 500]),
    st.dictionaries(
        st.sampled_from(
            ["content-range", "content-length", "content-encoding", "etag", "last-modified", "date"]
        ),
        st.text(max_size=30) | st.text(alphabet="bytes 0123456789-/*", max_size=30),
    ),
)
def test_no_head_breaks_the_plan(held: Held | None, status: int, headers: dict[str, str]) -> None:
    """And nothing is ever appended elsewhere than at the end of what is held."""
    plan = plan_body(held, Head(status=status, headers=headers))
    if isinstance(plan, Append):
        assert held is not None
        assert plan.start + plan.overlap == held.length
        assert plan.total is None or plan.total >= held.length


@pytest.mark.parametrize(
    ("validator", "expected"),
    [
        (Validator(etag='"a"'), '"a"'),
        (Validator(etag='"a"', last_modified=OLD, date=OLD), '"a"'),
        (Validator(etag='W/"a"'), None),
        (Validator(etag='W/"a"', last_modified=OLDER, date=OLD), OLDER),
        (Validator(etag='"é"'), None),
        (Validator(etag='"a\r\nHost: b"'), None),
        (Validator(last_modified=OLDER, date=OLD), OLDER),
        (Validator(last_modified=OLD, date=OLD), None),
        (Validator(last_modified=HARDLY_OLDER, date=OLD), None),
        (Validator(last_modified=OLD, date=OLDER), None),
        (Validator(last_modified=OLD), None),
        (Validator(last_modified="yesterday", date=OLD), None),
        (Validator(), None),
    ],
)
def test_only_a_strong_validator_is_sent_as_if_range(validator: Validator, expected: str | None) -> None:
    """RFC 9110 §13.1.5; a date is strong a minute before the answer's own (RFC 7232 §2.2.2)."""
    assert validator.if_range == expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (Validator(etag='"a"'), Validator(etag='"a"'), False),
        (Validator(etag='"a"'), Validator(etag='"b"'), True),
        (Validator(etag='"a"'), Validator(etag='W/"a"'), False),
        (Validator(etag='"a"', last_modified=OLD), Validator(etag='"a"', last_modified=OLDER), False),
        (Validator(last_modified=OLD), Validator(last_modified=OLDER), True),
        (Validator(etag='"a"'), Validator(last_modified=OLD), False),
        (Validator(etag='"a"', last_modified=OLD), Validator(last_modified=OLDER), True),
        (Validator(), Validator(etag='"a"'), False),
    ],
)
def test_validators_contradict_each_other_only_where_both_speak(
    one: Validator, other: Validator, *, expected: bool
) -> None:
    """An etag wins over a date; mirrors of one file differ in dates."""
    assert one.contradicts(other) is expected
    assert other.contradicts(one) is expected


def test_the_rest_is_asked_for_with_an_overlap_and_a_condition() -> None:
    """A little under a strong validator, 64 KiB without one, and never more than is held."""
    assert HELD.request_headers == {"range": f"bytes={FROM}-", "if-range": '"v1"'}
    assert UNSURE.request_headers == {"range": f"bytes={FROM_UNSURE}-"}
    assert Held(length=10, validator=NONE).request_headers == {"range": "bytes=0-"}


def test_a_body_is_whole_where_its_length_is_known_and_reached() -> None:
    """Nothing of an unknown length is."""
    assert Held(length=9, validator=NONE, total=9).is_whole
    assert not Held(length=8, validator=NONE, total=9).is_whole
    assert not Held(length=9, validator=NONE).is_whole
    assert not Held(length=0, validator=NONE, total=0).is_whole


@pytest.mark.parametrize(
    ("text", "length"),
    [("0", 0), ("12", 12), ("", None), ("-1", None), ("1, 1", None), ("\u0663", None), ("9" * 19, None)],
)
def test_a_content_length_is_digits_or_unknown(text: str, length: int | None) -> None:
    """RFC 9110 §8.6; beyond 64 bits it is nonsense."""
    assert _head(200, content_length=text).content_length == length
    assert _head(200).content_length is None
