"""The API's answers in the page's shape, with the oddities that occur in the wild as switches."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.simulator.clips import Media

ZERO_TIME = "0001-01-01T00:00:00Z"
"""Go's zero time, which the service writes where it has none."""

Json = dict[str, Any]
_ASSETS = ("video", "thumbnail", "video_raw", "last_frame")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How an answer looks; the defaults are the page's own example."""

    created_at: str | None = "2024-12-22T13:38:40.139Z"
    prompt: str | None = "cat dance"
    aspect_ratio: str | None = "4:3"
    place: Literal["both", "top", "artifact"] = "both"
    """Where the assets stand."""
    only_download_url: bool = False
    """`video.url` is empty, `video.download_url` is not."""
    absent: frozenset[str] = frozenset()
    """Assets that are null, wherever they stand."""
    wrapped: bool = False
    """The whole answer stands under `data`."""
    prompt_on_top: bool = False
    """`prompt` and `aspect_ratio` stand at the top level, not under `request`."""
    signed: bool = False
    """Every answer has fresh URLs, as presigned ones are: another query."""
    changes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Fields of assets to say otherwise, in both places: `{"video": {"width": 0}}`."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """More fields of the top level, or other values for those it has."""


@dataclass(frozen=True, slots=True)
class Link:
    """An asset and where it can be fetched."""

    url: str
    media: Media


def build_answer(generation_id: str, state: str, links: Mapping[str, Link], shape: Shape) -> Json:
    """Return an answer; the assets of an unfinished or failed generation are null."""
    is_done = state == "completed"
    assets = {name: _asset(name, links.get(name), shape) if is_done else None for name in _ASSETS}
    words = {"prompt": shape.prompt, "aspect_ratio": shape.aspect_ratio}
    answer: Json = {
        "id": generation_id,
        "state": state,
        **({} if shape.place == "artifact" else assets),
        **(words if shape.prompt_on_top else {"request": words}),
        "artifact": {**assets, "created_at": ZERO_TIME} if is_done and shape.place != "top" else None,
        "created_at": shape.created_at,
        **shape.extra,
    }
    return {"data": answer} if shape.wrapped else answer


def _asset(name: str, link: Link | None, shape: Shape) -> Json | None:
    if link is None or name in shape.absent:
        return None
    described = {"url": link.url, "width": link.media.width, "height": link.media.height}
    return described | _more(name, link, shape) | dict(shape.changes.get(name, {}))


def _more(name: str, link: Link, shape: Shape) -> Json:
    """Return the fields that one asset has and another has not."""
    if name == "video":
        return {"download_url": link.url} | ({"url": ""} if shape.only_download_url else {})
    if name == "video_raw":
        return {"duration": link.media.duration_s, "media_type": "video"}
    palette = link.media.palette if name == "thumbnail" else None
    return {"palette": palette and {"grid": b64encode(palette).decode()}, "media_type": "image"}
