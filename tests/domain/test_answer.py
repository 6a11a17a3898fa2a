"""Rule by rule: what an answer of the API means (the rules stand at the top of `domain/answer.py`)."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from archiver.domain.answer import is_saved_answer, read_answer, service_words
from archiver.domain.errors import (
    BadAnswerError,
    Disposition,
    NotFoundError,
    ResolveError,
    ServiceRefusedError,
    WrongIdError,
)
from archiver.domain.generation import State
from archiver.domain.identity import AssetName, parse_id
from tests.domain.samples import EXAMPLE_BYTES, EXAMPLE_ID, example, read, with_asset


def test_the_page_s_own_example_is_understood_whole() -> None:
    """The one answer that the service vouches for."""
    generation = read_answer(EXAMPLE_BYTES, EXAMPLE_ID)
    assert (generation.id, generation.state) == (EXAMPLE_ID, State.COMPLETED)
    assert generation.created_at == datetime(2024, 12, 22, 13, 38, 40, 139_000, tzinfo=UTC)
    assert (generation.prompt, generation.aspect_ratio) == ("cat dance", "16:9")
    assert generation.failure_reason is None
    assert list(generation.assets) == list(AssetName)
    sizes = {(asset.promise.width, asset.promise.height) for asset in generation.assets.values()}
    assert sizes == {(1360, 752)}


def test_the_example_s_promises_are_those_of_each_asset() -> None:
    """Only `video_raw` has a duration, only the thumbnail a palette."""
    promises = {name: asset.promise for name, asset in read_answer(EXAMPLE_BYTES, EXAMPLE_ID).assets.items()}
    assert {name for name, promise in promises.items() if promise.duration_s} == {AssetName.VIDEO_RAW}
    assert promises[AssetName.VIDEO_RAW].duration_s == 5.041667
    assert {name for name, promise in promises.items() if promise.palette} == {AssetName.THUMBNAIL}
    assert (promises[AssetName.THUMBNAIL].palette or b"")[:3] == bytes((0x7A, 0x6F, 0x5C))


def test_video_and_video_raw_of_the_example_share_one_url() -> None:
    """It is fetched once; that begins with seeing that it is the same."""
    assets = read_answer(EXAMPLE_BYTES, EXAMPLE_ID).assets
    assert assets[AssetName.VIDEO].url == assets[AssetName.VIDEO_RAW].url


def test_the_answer_is_kept_as_it_came() -> None:
    """The sidecar holds it verbatim: spacing, order, digits and fields that nobody knows."""
    body = b' {"id" : "a", "state":"completed", "cost": 1.50, "serial": 12345678901234567890123}'
    assert read_answer(body, parse_id("a")).response == body


def test_a_byte_order_mark_is_no_part_of_the_answer() -> None:
    """It would stand in the middle of the sidecar's JSON, where it is a syntax error."""
    generation = read_answer(b"\xef\xbb\xbf" + EXAMPLE_BYTES, EXAMPLE_ID)
    assert generation.response == EXAMPLE_BYTES


# Rule 1: wrappers, errors, identity.


def test_an_answer_may_stand_under_data() -> None:
    """As some relays have it; what stands beside it says nothing."""
    assert read({"code": 200, "message": "success", "data": example()}).prompt == "cat dance"


def test_a_field_named_data_beside_an_id_is_just_a_field() -> None:
    """The object itself is the answer then."""
    assert read(example(data={"id": "other"})).id == EXAMPLE_ID


@pytest.mark.parametrize(
    "answer",
    [
        {"error": {"message": "quota exceeded", "type": "new_api_error", "code": "x"}},
        {"error": "quota exceeded"},
        {"code": 403, "message": "quota exceeded", "data": None},
        {"detail": "quota exceeded"},
    ],
)
def test_an_error_object_is_the_service_s_own_words(answer: object) -> None:
    """All shapes that relays use, here under 200; asking again now gives the same."""
    with pytest.raises(ServiceRefusedError, match="the service refused: quota exceeded") as caught:
        read(answer)
    assert caught.value.disposition is Disposition.SKIP


@pytest.mark.parametrize("words", ["task not found", "Task does not exist", "NOT FOUND"])
def test_an_unknown_id_is_told_from_other_refusals(words: str) -> None:
    """A person mistyped it; that is another thing to do than to pay."""
    with pytest.raises(NotFoundError):
        read({"detail": words})
    with pytest.raises(NotFoundError):
        read({"id": None, "state": None, "error": {"message": words}})


def test_an_answer_under_data_may_have_a_null_id_beside_it() -> None:
    """Null is unknown: a service that writes every field has it there."""
    assert read({"id": None, "data": example()}).id == EXAMPLE_ID


@pytest.mark.parametrize("answer", [None, [], [example()], "text", 1, True, {}, {"id": None}, {"id": 7}])
def test_what_has_no_id_is_no_answer(answer: object) -> None:
    """A gateway in trouble; it may pass."""
    with pytest.raises(BadAnswerError) as caught:
        read(answer)
    assert caught.value.disposition is Disposition.RETRY


@pytest.mark.parametrize("other", ["other", "", EXAMPLE_ID.upper(), f"{EXAMPLE_ID} "])
def test_an_answer_about_another_generation_is_an_error(other: str) -> None:
    """Archived, it would be another's clip under this one's name."""
    with pytest.raises(WrongIdError):
        read(example(id=other))


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"", "not whole JSON"),
        (EXAMPLE_BYTES[:700], "not whole JSON"),
        (b'{"id": NaN}', "not whole JSON"),
        (b'{"id": "\xff"}', "not whole JSON"),
        (b"{} {}", "not whole JSON"),
        (b"  <html><title>502 Bad Gateway</title>", "an HTML page"),
    ],
)
def test_what_is_not_json_is_named_for_what_it_is(body: bytes, what: str) -> None:
    """The message says what came and how much of it, and shows none of it."""
    with pytest.raises(BadAnswerError) as caught:
        read_answer(body, EXAMPLE_ID)
    assert str(caught.value) == f"{EXAMPLE_ID}: the API's answer is {what} ({len(body)} bytes)"


def test_an_answer_may_be_nested_far_deeper_than_any_is() -> None:
    """The object itself is the first of 64 levels."""
    deep = b"[" * 63 + b"]" * 63
    assert read_answer(b'{"id": "%s", "x": %s}' % (EXAMPLE_ID.encode(), deep), EXAMPLE_ID).id == EXAMPLE_ID


@pytest.mark.parametrize("depth", [64, 990, 100_000])
def test_an_answer_nested_beyond_sense_is_refused(depth: int) -> None:
    """One that can just be read could not be written: a sidecar holds it one level deeper."""
    body = b'{"id": "%s", "x": ' % EXAMPLE_ID.encode() + b"[" * depth + b"]" * depth + b"}"
    with pytest.raises(BadAnswerError):
        read_answer(body, EXAMPLE_ID)


def test_words_of_a_server_are_shown_short_and_without_control_characters() -> None:
    """A terminal obeys escape sequences, also those of strangers."""
    words = service_words({"error": {"message": "a\x1b[2J\nb\u202e" + "c" * 1000}})
    assert words.isprintable()
    assert words.startswith("a [2J b c")
    assert len(words) == 300


@pytest.mark.parametrize("answer", [None, [], {}, {"error": {}}, {"message": 5}, {"detail": [{"msg": "x"}]}])
def test_where_there_are_no_words_there_is_no_text(answer: object) -> None:
    """An error object of an unknown shape."""
    assert service_words(answer) == ""


def test_the_first_words_that_say_something_are_taken() -> None:
    """An empty message before a full one hides nothing."""
    assert service_words({"error": {"message": " "}, "message": "busy", "detail": "more"}) == "busy"


# Rule 3: places.


def test_an_asset_is_taken_from_artifact_where_the_top_level_has_none() -> None:
    """Both places occur alone."""
    nothing = dict.fromkeys(AssetName, None)
    assert read(example(**nothing)).assets == read(example()).assets


def test_the_top_level_wins_over_artifact() -> None:
    """They should be equal; where they are not, the contract has decided."""
    generation = read(with_asset("video", url="https://a.example/top.mp4", width=10))
    asset = generation.assets[AssetName.VIDEO]
    assert (str(asset.url), asset.promise.width) == ("https://a.example/top.mp4", 10)


def test_a_value_unknown_at_the_top_level_may_be_known_under_artifact() -> None:
    """Field by field: half an object is still half a help."""
    asset = read(with_asset("video_raw", width=0, duration=None)).assets[AssetName.VIDEO_RAW]
    assert (asset.promise.width, asset.promise.duration_s) == (1360, 5.041667)


@pytest.mark.parametrize("empty", ["", "  ", None, ..., 5])
def test_download_url_stands_in_for_an_empty_url(empty: object) -> None:
    """Some relays fill only the one."""
    answer = with_asset("video", url=empty, download_url="https://a.example/d.mp4")
    asset = read(answer).assets[AssetName.VIDEO]
    assert str(asset.url) == "https://a.example/d.mp4"


def test_an_asset_without_any_url_is_absent() -> None:
    """A completed generation may have no thumbnail at all."""
    answer = with_asset("thumbnail", artifact=True, url=None)
    assert AssetName.THUMBNAIL not in read(answer).assets


@pytest.mark.parametrize("url", ["file:///etc/passwd", "javascript:alert(1)", "/relative.mp4", "https://"])
def test_an_asset_whose_url_is_refused_is_kept_with_the_reason(url: str) -> None:
    """It is missing, and the sidecar says why; the other assets are archived."""
    generation = read(with_asset("video", url=url))
    asset = generation.assets[AssetName.VIDEO]
    assert asset.url is None
    assert asset.error is not None
    assert asset.error.kind == "url_refused"
    assert generation.assets[AssetName.THUMBNAIL].url is not None


# Manifest rows that are answers.


@pytest.mark.parametrize(
    ("row", "is_answer"),
    [
        (example(), True),
        (example(**dict.fromkeys(AssetName, ...)), True),
        (example(artifact=None), True),
        ({"id": "a", "state": "failed", "video": None}, True),
        ({"id": "a", "state": "failed"}, False),
        ({"id": "a", "state": "completed", "video": None}, False),
        ({"id": "a", "state": "completed"}, False),
        ({"id": "a", "video": {"url": "u"}}, False),
        ({"id": "a", "state": "ca", "video": "text"}, False),
        ({"id": "a", "state": 1, "video": {}}, False),
    ],
)
def test_a_row_is_an_answer_where_it_has_a_state_and_an_asset(
    row: dict[str, object], *, is_answer: bool
) -> None:
    """`state` alone may be a column of somebody's table."""
    assert is_saved_answer(row) is is_answer


def test_every_error_of_an_answer_names_the_generation() -> None:
    """One line among thousands must say which."""
    for answer in (None, {}, {"error": "x"}, {"detail": "not found"}, example(id="other")):
        with pytest.raises(ResolveError, match=EXAMPLE_ID):
            read(json.loads(json.dumps(answer)))
