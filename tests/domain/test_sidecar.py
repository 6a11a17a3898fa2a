"""The sidecar is the truth: what is written is read back, and the answer in it is not touched."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from archiver.domain.checks import Check
from archiver.domain.errors import ErrorRecord
from archiver.domain.identity import AssetName
from archiver.domain.sidecar import (
    SCHEMA_VERSION,
    AssetRecord,
    AssetStatus,
    Expected,
    Measured,
    Sidecar,
    Source,
    Verification,
    decode_sidecar,
    encode_sidecar,
    verification_of,
)
from tests.domain.samples import EXAMPLE_BYTES

VIDEO = AssetRecord(
    status=AssetStatus.VERIFIED,
    path="video.mp4",
    url="https://a.example/x.mp4",
    size=3172,
    sha256="0" * 64,
    media_type="video/mp4",
    etag='W/"é"',
    last_modified="Sun, 22 Dec 2024 13:40:00 GMT",
    downloaded_at="2026-03-01T12:00:00Z",
    same_as=AssetName.VIDEO_RAW,
    expected=Expected(width=1360, height=752, duration=5.041667),
    measured=Measured(width=1360, height=752, duration=5.041667, codec="h264", frame_rate="24/1", frames=121),
    error=ErrorRecord(kind="broken", message="cut"),
    checks=(Check(name="width", ok=True, expected=1360, measured=1360),),
)


def _sidecar(response: bytes = EXAMPLE_BYTES, **row: object) -> Sidecar:
    return Sidecar(
        id="id-1",
        state="completed",
        created_at="2024-12-22T13:38:40.139Z",
        prompt="cat dance",
        aspect_ratio="16:9",
        failure_reason=None,
        archived_at="2026-03-01T12:00:00Z",
        archiver_version="1.0",
        source=Source(provider="relay", api_base="https://api.example", resolved_at="2026-03-01T11:59:00Z"),
        verification=Verification.VERIFIED,
        assets={AssetName.VIDEO: VIDEO, AssetName.THUMBNAIL: AssetRecord(status=AssetStatus.MISSING)},
        manifest_row=row,
        response=Raw(response),
    )


def test_a_sidecar_is_read_back_as_it_was_written() -> None:
    """Written again it is the same file, byte for byte."""
    data = encode_sidecar(_sidecar(tags=["a", "b"], split="train", weight=0.5))
    found = decode_sidecar(data)
    assert found.assets == _sidecar().assets
    assert found.manifest_row == {"tags": ["a", "b"], "split": "train", "weight": 0.5}
    assert encode_sidecar(found) == data


def test_a_sidecar_is_for_people_too() -> None:
    """Indented, one newline at its end, the contract's fields in the contract's order."""
    data = encode_sidecar(_sidecar())
    assert data.startswith(b'{\n  "schema_version": 1,\n  "id": "id-1",')
    assert data.endswith(b"}\n")
    assert list(json.loads(data)) == [
        "schema_version",
        "id",
        "state",
        "created_at",
        "prompt",
        "aspect_ratio",
        "failure_reason",
        "archived_at",
        "archiver_version",
        "source",
        "verification",
        "assets",
        "manifest_row",
        "response",
    ]


@pytest.mark.parametrize(
    "number",
    [b"1.50", b"5.0416670000", b"1e5", b"-0.0", b"12345678901234567890123456789", b"1E+2", b"0.1e-7"],
)
def test_numbers_of_the_answer_stay_as_they_came(number: bytes) -> None:
    """A float of Python's would round some, and write others anew; so would a second writing."""
    once = encode_sidecar(_sidecar(b'{"n":%s}' % number))
    assert b'"n": %s\n' % number in once
    assert encode_sidecar(decode_sidecar(once)) == once


def test_text_and_order_of_the_answer_stay_as_they_came() -> None:
    """Escapes, doubled names, fields nobody knows."""
    once = encode_sidecar(_sidecar(rb'{"z":"\u00e9\/","a":1,"z":2}'))
    places = [once.index(part) for part in (rb'"z": "\u00e9\/"', b'"a": 1', b'"z": 2')]
    assert places == sorted(places)


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(ANY_JSON)
def test_any_answer_means_the_same_after_a_round(answer: object) -> None:
    """Only its white space may change."""
    data = encode_sidecar(_sidecar(json.dumps(answer).encode()))
    assert json.loads(bytes(decode_sidecar(data).response)) == answer


def test_a_field_of_a_later_writer_does_not_hinder_reading() -> None:
    """A minor version may add one."""
    value = json.loads(encode_sidecar(_sidecar())) | {"new": 1}
    assert decode_sidecar(json.dumps(value).encode()).id == "id-1"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"{}",
        b"\xff",
        b"[" * 100_000,
        b"<html>",
        b"\0" * 100,
        encode_sidecar(_sidecar())[:-20],
        encode_sidecar(_sidecar()).replace(b'"verified"', b'"fine"'),
    ],
)
def test_what_is_no_sidecar_raises_a_value_error(data: bytes) -> None:
    """Power was lost, a disk is bad, somebody edited it."""
    with pytest.raises(ValueError):  # noqa: PT011 - the text is msgspec's
        decode_sidecar(data)


def test_a_number_that_no_index_holds_is_no_size() -> None:
    """Edited by hand: it costs that one generation, and not the index of all."""
    data = encode_sidecar(_sidecar())
    size = b'"size": %d' % (VIDEO.size or 0)
    assert size in data
    decode_sidecar(data.replace(size, b'"size": 9223372036854775807'))
    with pytest.raises(ValueError, match="size"):
        decode_sidecar(data.replace(size, b'"size": 9223372036854775808'))


def test_a_later_schema_is_refused_by_its_number() -> None:
    """What it means nobody here can know; overwriting it would lose it."""
    later = json.loads(encode_sidecar(_sidecar())) | {"schema_version": SCHEMA_VERSION + 1}
    with pytest.raises(ValueError, match="schema version 2 is newer than this program's 1"):
        decode_sidecar(json.dumps(later).encode())


@given(st.lists(st.sampled_from(AssetStatus), max_size=4))
def test_a_generation_stands_as_its_worst_asset(statuses: list[AssetStatus]) -> None:
    """Missing, then mismatched, then unverified; a tombstone has none and is unverified."""
    assets = {name: AssetRecord(status=status) for name, status in zip(AssetName, statuses, strict=False)}
    order = [
        (AssetStatus.MISSING, Verification.INCOMPLETE),
        (AssetStatus.MISMATCHED, Verification.MISMATCHED),
        (AssetStatus.UNVERIFIED, Verification.UNVERIFIED),
        (AssetStatus.VERIFIED, Verification.VERIFIED),
    ]
    worst = next((whole for status, whole in order if status in statuses), Verification.UNVERIFIED)
    assert verification_of(assets) is worst
