"""Whatever the archiver writes as a sidecar is what the published schema says."""

from __future__ import annotations

import string
from datetime import UTC
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from archiver.domain.checks import Check, MediaKind
from archiver.domain.errors import ErrorRecord
from archiver.domain.generation import State
from archiver.domain.identity import AssetName
from archiver.domain.naming import file_name
from archiver.domain.sidecar import (
    SCHEMA_VERSION,
    AssetRecord,
    AssetStatus,
    Expected,
    Measured,
    Sidecar,
    Source,
    decode_sidecar,
    encode_sidecar,
    verification_of,
)
from archiver.domain.timing import show_timestamp
from archiver.storage.schema import sidecar_schema
from tests.storage.samples import missing, record, sidecar

_VALIDATOR = Draft202012Validator(sidecar_schema())
_TEXTS = st.none() | st.text()
_COUNTS = st.none() | st.integers(min_value=0, max_value=2**53)
_SECONDS = st.none() | st.floats(min_value=0, max_value=1e6)
_MOMENTS = st.datetimes(timezones=st.just(UTC)).map(show_timestamp)
_JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
_OBJECTS = st.dictionaries(st.text(), _JSON, max_size=4)
_CHECKS = st.builds(
    Check,
    name=st.sampled_from(["container", "width", "height", "duration", "decode", "palette", "last_frame"]),
    ok=st.booleans(),
    expected=st.none() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    measured=st.none() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    advisory=st.booleans(),
)
_ERRORS = st.builds(
    ErrorRecord, kind=st.sampled_from(["status", "not_media", "later_schema"]), message=st.text()
)
_EXPECTED = st.builds(Expected, width=_COUNTS, height=_COUNTS, duration=_SECONDS)
_MEASURED = st.builds(
    Measured,
    width=_COUNTS,
    height=_COUNTS,
    duration=_SECONDS,
    codec=_TEXTS,
    frame_rate=st.none() | st.from_regex(r"[0-9]{1,6}/[0-9]{1,4}", fullmatch=True),
    frames=_COUNTS,
)
_IDS = st.text(alphabet=string.ascii_letters + string.digits + "-_", min_size=1, max_size=128).map(
    lambda text: "x" + text[1:]
)


@st.composite
def _records(draw: st.DrawFn, name: AssetName) -> AssetRecord:
    status = draw(st.sampled_from(AssetStatus))
    is_here = status is not AssetStatus.MISSING
    return AssetRecord(
        status=status,
        path=file_name(name, draw(st.sampled_from(MediaKind))) if is_here else None,
        url=draw(_TEXTS),
        size=draw(st.integers(min_value=0, max_value=2**53)) if is_here else None,
        sha256=draw(st.binary(min_size=32, max_size=32)).hex() if is_here else None,
        media_type=draw(_TEXTS),
        etag=draw(_TEXTS),
        last_modified=draw(_TEXTS),
        downloaded_at=draw(st.none() | _MOMENTS),
        same_as=draw(st.none() | st.sampled_from(AssetName)),
        expected=draw(_EXPECTED),
        measured=draw(st.none() | _MEASURED),
        error=draw(st.none() | _ERRORS),
        checks=tuple(draw(st.lists(_CHECKS, max_size=2))),
    )


@st.composite
def _sidecars(draw: st.DrawFn) -> Sidecar:
    names = draw(st.sets(st.sampled_from(AssetName)))
    assets = {name: draw(_records(name)) for name in names}
    return Sidecar(
        id=draw(_IDS),
        state=draw(st.sampled_from(State)),
        created_at=draw(st.none() | _MOMENTS),
        prompt=draw(_TEXTS),
        aspect_ratio=draw(_TEXTS),
        failure_reason=draw(_TEXTS),
        archived_at=draw(_MOMENTS),
        archiver_version="0.1.0",
        source=Source(provider="relay", api_base=draw(st.text()), resolved_at=draw(_MOMENTS)),
        verification=verification_of(assets),
        assets=assets,
        manifest_row=draw(_OBJECTS),
        response=msgspec.Raw(msgspec.json.encode(draw(_OBJECTS))),
    )


def test_the_schema_is_itself_valid_and_of_this_version() -> None:
    """A mistake in it would accept anything."""
    schema = sidecar_schema()
    Draft202012Validator.check_schema(schema)
    assert schema["properties"]["schema_version"] == {"const": SCHEMA_VERSION}


@given(_sidecars())
def test_every_sidecar_is_valid_and_reads_as_it_was_written(written: Sidecar) -> None:
    """Other programs check what they read against the schema."""
    data = encode_sidecar(written)
    _VALIDATOR.validate(msgspec.json.decode(data))
    found = decode_sidecar(data)
    assert msgspec.structs.replace(found, response=written.response) == written
    assert msgspec.json.decode(bytes(found.response)) == msgspec.json.decode(bytes(written.response))


_VALID = msgspec.json.decode(
    encode_sidecar(sidecar({AssetName.VIDEO: record("video.mp4", b"clip"), AssetName.THUMBNAIL: missing()}))
)


@pytest.mark.parametrize(
    "path",
    [(), ("source",), ("assets", "video"), ("assets", "video", "expected")],
)
def test_a_key_that_the_contract_does_not_have_is_refused(path: tuple[str, ...]) -> None:
    """A field somebody invents would be one that nobody documents."""
    changed = msgspec.json.decode(msgspec.json.encode(_VALID))
    place = changed
    for key in path:
        place = place[key]
    assert _VALIDATOR.is_valid(changed)
    place["invented"] = 1
    assert not _VALIDATOR.is_valid(changed)


@pytest.mark.parametrize("key", sorted(_VALID))
def test_no_field_may_be_left_out(key: str) -> None:
    """What is unknown is null: a reader never has to ask whether a key is there."""
    assert not _VALIDATOR.is_valid({name: value for name, value in _VALID.items() if name != key})


@pytest.mark.parametrize(
    ("asset", "field", "value"),
    [
        ("video", "path", "../video.mp4"),
        ("video", "path", None),
        ("video", "sha256", None),
        ("video", "sha256", "ABC"),
        ("video", "size", -1),
        ("video", "status", "fine"),
        ("thumbnail", "same_as", "poster"),
        ("thumbnail", "downloaded_at", "yesterday"),
    ],
)
def test_a_record_that_makes_no_sense_is_refused(asset: str, field: str, value: object) -> None:
    """An asset that is not missing has a file, in its own folder, with a digest."""
    changed: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(_VALID))
    changed["assets"][asset][field] = value
    assert not _VALIDATOR.is_valid(changed)


def test_the_answer_and_the_row_are_free() -> None:
    """They are kept verbatim, whatever a service or a person puts there."""
    assert _VALIDATOR.is_valid(_VALID | {"response": {"any": [1, {}]}, "manifest_row": {"tags": ["a"]}})
