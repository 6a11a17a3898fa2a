"""The API's answers: the page's own shape by default, and each oddity by its switch."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

import pytest

from tests.simulator.answers import ZERO_TIME, Link, Shape, build_answer
from tests.simulator.clips import make_clip

NAMES = ("video", "video_raw", "thumbnail", "last_frame")


def _build(state: str = "completed", **shape: Any) -> dict[str, Any]:  # noqa: ANN401 - any field of Shape
    clip = make_clip()
    links = {name: Link(f"http://h/{name}", getattr(clip, name)) for name in NAMES}
    return build_answer("id-1", state, links, Shape(**shape))


def test_a_completed_answer_has_the_fields_of_the_page() -> None:
    """The field table of the service's page, and the zero time that its example shows."""
    answer = _build()
    assert set(answer) == {"id", "state", "request", "artifact", "created_at", *NAMES}
    assert set(answer["video"]) == {"url", "download_url", "width", "height"}
    assert set(answer["video_raw"]) == {"url", "width", "height", "duration", "media_type"}
    assert set(answer["thumbnail"]) == {"url", "width", "height", "palette", "media_type"}
    assert answer["last_frame"]["palette"] is None
    assert answer["artifact"] == {**{name: answer[name] for name in NAMES}, "created_at": ZERO_TIME}
    assert len(b64decode(answer["thumbnail"]["palette"]["grid"])) == 75


@pytest.mark.parametrize("state", ["pending", "processing", "failed", "dreaming"])
def test_an_answer_that_is_not_completed_has_null_assets(state: str) -> None:
    """As the clients of these relays see them."""
    answer = _build(state)
    assert answer["state"] == state
    assert [answer[name] for name in (*NAMES, "artifact")] == [None] * 5


def test_assets_can_stand_in_one_place_only() -> None:
    """Either place occurs alone."""
    assert _build(place="top")["artifact"] is None
    inside = _build(place="artifact")
    assert "video" not in inside
    assert inside["artifact"]["video"]["url"] == "http://h/video"


def test_every_oddity_has_its_switch() -> None:
    """One assertion a switch."""
    assert _build(wrapped=True)["data"]["id"] == "id-1"
    assert _build(absent=frozenset({"thumbnail"}))["artifact"]["thumbnail"] is None
    assert _build(only_download_url=True)["video"]["url"] == ""
    assert _build(only_download_url=True)["video"]["download_url"] == "http://h/video"
    assert _build(prompt_on_top=True)["prompt"] == "cat dance"
    assert "request" not in _build(prompt_on_top=True)
    assert _build(created_at=ZERO_TIME)["created_at"] == ZERO_TIME
    assert _build(extra={"liked": None})["liked"] is None


def test_changes_reach_both_places() -> None:
    """A promise is wrong only where no place has it right."""
    answer = _build(changes={"video": {"width": 0}})
    assert answer["video"]["width"] == answer["artifact"]["video"]["width"] == 0
    assert answer["video"]["height"] == 48
