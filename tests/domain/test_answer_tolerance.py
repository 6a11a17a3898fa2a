"""Rules 2 and 4: a value of no use means *unknown*, never an error; a value of use is taken."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.domain.answer import is_saved_answer, read_answer
from archiver.domain.errors import ResolveError
from archiver.domain.generation import State
from archiver.domain.identity import AssetName
from tests.domain.samples import EXAMPLE_BYTES, EXAMPLE_ID, example, read, refusal_of, with_asset

OF_NO_USE: list[object] = [None, ..., "", "wide", [], {}, True, False]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *(
            (value, None)
            for value in [*OF_NO_USE, 0, -1, 0.5, 1_000_001, "0", "NaN", "inf", 10**400, "1" * 400]
        ),
        (1, 1),
        (1360, 1360),
        (1360.0, 1360),
        ("1360", 1360),
        (1_000_000, 1_000_000),
    ],
)
def test_a_side_is_a_whole_number_of_pixels_or_unknown(value: object, expected: int | None) -> None:
    """0 stands for unknown; text and 1360.0 are numbers all the same."""
    promise = read(with_asset("video", artifact=True, width=value)).assets[AssetName.VIDEO].promise
    assert (promise.width, promise.height) == (expected, 752)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *((value, None) for value in [*OF_NO_USE, 0, -5.04, "nan", "-inf", 10**400]),
        (5, 5.0),
        (5.041667, 5.041667),
        ("5.041667", 5.041667),
        (0.001, 0.001),
    ],
)
def test_a_duration_is_seconds_or_unknown(value: object, expected: float | None) -> None:
    """A duration of 0 would make every clip a mismatch."""
    promise = read(with_asset("video_raw", artifact=True, duration=value)).assets[AssetName.VIDEO_RAW].promise
    assert promise.duration_s == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-12-22T13:38:40.139Z", datetime(2024, 12, 22, 13, 38, 40, 139_000, tzinfo=UTC)),
        ("2024-06-20T06:02:26.278000Z", datetime(2024, 6, 20, 6, 2, 26, 278_000, tzinfo=UTC)),
        ("2024-12-22T13:38:40.123456789Z", datetime(2024, 12, 22, 13, 38, 40, 123_456, tzinfo=UTC)),
        ("2025-01-01T01:30:00+02:00", datetime(2024, 12, 31, 23, 30, tzinfo=UTC)),
        ("2024-12-22T13:38:40", datetime(2024, 12, 22, 13, 38, 40, tzinfo=UTC)),
    ],
)
def test_moments_are_read_as_the_services_write_them(text: str, expected: datetime) -> None:
    """Upstream has microseconds, Go has nanoseconds, the year is that of UTC."""
    assert read(example(created_at=text)).created_at == expected


@pytest.mark.parametrize(
    "value",
    [
        *OF_NO_USE,
        "0001-01-01T00:00:00Z",
        "1970-01-01T00:00:00Z",
        "yesterday",
        "9999-99-99T00:00:00Z",
        1_734_874_720,
    ],
)
def test_a_moment_of_no_use_is_unknown(value: object) -> None:
    """The example's `artifact` has the zero time, so nothing else is known then."""
    assert read(example(created_at=value)).created_at is None


def test_the_moment_under_artifact_stands_in() -> None:
    """In the example it is the other way round, but either may be the zero time."""
    artifact = {**example()["artifact"], "created_at": "2024-12-22T13:38:40Z"}
    found = read(example(created_at="0001-01-01T00:00:00Z", artifact=artifact))
    assert found.created_at == datetime(2024, 12, 22, 13, 38, 40, tzinfo=UTC)


@pytest.mark.parametrize(
    "grid",
    [
        None,
        "",
        [],
        {},
        True,
        75,
        "not base64!",
        b64encode(bytes(74)).decode(),
        b64encode(bytes(76)).decode(),
        "é" * 100,
    ],
)
def test_a_palette_that_is_not_75_bytes_is_unknown(grid: object) -> None:
    """A 5x5 grid of RGB, or nothing to compare with."""
    for palette in ({"grid": grid}, grid):
        bent = with_asset("thumbnail", artifact=True, palette=palette)
        assert read(bent).assets[AssetName.THUMBNAIL].promise.palette is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *((state.value, state) for state in State),
        ("COMPLETED", State.COMPLETED),
        ("queued", State.PENDING),
        ("dreaming", State.PROCESSING),
        *((value, State.PENDING) for value in [*OF_NO_USE, "a state of next year", 3]),
    ],
)
def test_a_state_nobody_knows_is_one_that_is_not_final(value: object, expected: State) -> None:
    """The id is asked for again later, never lost."""
    assert read(example(state=value)).state is expected


@pytest.mark.parametrize("value", [None, ..., "", " ", 5, {}, []])
def test_text_of_no_use_is_unknown(value: object) -> None:
    """A prompt of blanks tells nothing."""
    request = {} if value is ... else {"prompt": value, "aspect_ratio": value}
    found = read(example(request=request, failure_reason=value))
    assert (found.prompt, found.aspect_ratio, found.failure_reason) == (None, None, None)


def test_a_prompt_may_stand_at_the_top_level() -> None:
    """As older relays have it; the page's place wins."""
    assert read(example(request=None, prompt="a", aspect_ratio="1:1")).prompt == "a"
    assert read(example(prompt="other")).prompt == "cat dance"


@pytest.mark.parametrize("value", OF_NO_USE)
@pytest.mark.parametrize("name", ["artifact", "request", *AssetName])
def test_no_field_of_a_wrong_type_loses_the_rest(name: str, value: object) -> None:
    """An unfinished task has nulls everywhere; a careless relay has worse."""
    found = read(example(**{name: value}))
    assert (found.id, found.state) == (EXAMPLE_ID, State.COMPLETED)


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
FIELDS = st.sampled_from([*example(), "data", "error", "message", "detail", "failure_reason", "prompt"])
IN_AN_ASSET = st.sampled_from(["url", "download_url", "width", "height", "duration", "palette", "grid"])
LIKE_AN_ANSWER = st.dictionaries(FIELDS, ANY_JSON | st.dictionaries(IN_AN_ASSET, ANY_JSON, max_size=4))


@given(ANY_JSON | LIKE_AN_ANSWER | LIKE_AN_ANSWER.map(lambda fields: {**fields, "id": EXAMPLE_ID}))
def test_no_json_raises_anything_but_a_resolve_error(answer: object) -> None:
    """Whatever a server says about one generation ends that one at most."""
    message = refusal_of(ResolveError, read, answer)
    assert message is None or message.isprintable()
    if isinstance(answer, dict):
        is_saved_answer(answer)


@given(LIKE_AN_ANSWER)
def test_an_answer_with_the_right_id_is_always_understood(fields: dict[str, object]) -> None:
    """However odd the rest: an id is never lost over a field."""
    found = read({**fields, "id": EXAMPLE_ID})
    assert found.id == EXAMPLE_ID
    assert all(asset.url or asset.error for asset in found.assets.values())


@given(st.binary(max_size=200) | st.integers(0, len(EXAMPLE_BYTES)).map(lambda end: EXAMPLE_BYTES[:end]))
def test_no_bytes_raise_anything_but_a_resolve_error(body: bytes) -> None:
    """HTML, half JSON, noise."""
    message = refusal_of(ResolveError, read_answer, body, EXAMPLE_ID)
    assert message is None or message.isprintable()


@given(st.integers(0, len(EXAMPLE_BYTES) - 1), st.binary(min_size=1, max_size=1))
def test_a_changed_byte_raises_nothing_but_a_resolve_error(place: int, byte: bytes) -> None:
    """Near to the real answer is where a parser is weakest."""
    bent = EXAMPLE_BYTES[:place] + byte + EXAMPLE_BYTES[place + 1 :]
    message = refusal_of(ResolveError, read_answer, bent, EXAMPLE_ID)
    assert message is None or message.isprintable()
