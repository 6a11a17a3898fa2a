"""What the API of the bundled service says: the real one's shape, with all its oddities."""

from __future__ import annotations

from typing import Any

from archiver.demo.clips import Clip
from archiver.demo.plan import DemoGeneration
from archiver.domain.generation import State
from archiver.domain.timing import show_timestamp

Json = dict[str, Any]

# Go's zero time: the real service writes it into every artifact.
_ZERO_TIME = "0001-01-01T00:00:00Z"
_ASPECT_RATIO = "16:9"


def media_paths(generation: DemoGeneration) -> dict[str, str]:
    """Return the URL path of each asset, in the real service's forms; it depends on the id alone."""
    folder = f"/dream-machine/{generation.id}"
    raw = f"{folder}/video0.mp4"
    return {
        "video": f"{folder}/watermarked_video0.mp4" if generation.is_watermarked else raw,
        "video_raw": raw,
        "thumbnail": f"/imagedelivery/{generation.id}/public",
        "last_frame": f"{folder}/video_0_last_frame.jpg",
    }


def completed_answer(generation: DemoGeneration, clip: Clip, base: str) -> Json:
    """Return the answer for a finished generation; `base` is the media host's origin."""
    urls = {name: base + path for name, path in media_paths(generation).items()}
    size = {"width": clip.width, "height": clip.height}
    video = {"url": urls["video"], **size, "download_url": urls["video"]}
    thumbnail = {
        "url": urls["thumbnail"],
        **size,
        "palette": {"grid": clip.palette_grid},
        "media_type": "image",
    }
    raw = {"url": urls["video_raw"], **size, "duration": clip.duration_s, "media_type": "video"}
    last = {"url": urls["last_frame"], **size, "palette": None, "media_type": "image"}
    assets: Json = {"video": video, "thumbnail": thumbnail, "video_raw": raw, "last_frame": last}
    artifact = assets | {"created_at": _ZERO_TIME}
    return _common(generation, State.COMPLETED) | assets | {"artifact": artifact}


def unfinished_answer(generation: DemoGeneration, state: State) -> Json:
    """Return the answer for a generation that is being made: its assets are null."""
    return _common(generation, state) | _no_assets() | {"estimate_wait_seconds": 3}


def failed_answer(generation: DemoGeneration) -> Json:
    """Return the answer for a generation that came to nothing, with the reason."""
    reason = {"failure_reason": generation.failure_reason}
    return _common(generation, State.FAILED) | _no_assets() | reason


def error_answer(message: str, code: str) -> Json:
    """Return an error object as relays write it."""
    return {"error": {"message": message, "type": "invalid_request_error", "code": code}}


def _common(generation: DemoGeneration, state: State) -> Json:
    return {
        "id": generation.id,
        "state": state,
        "request": {"prompt": generation.prompt, "aspect_ratio": _ASPECT_RATIO},
        "created_at": show_timestamp(generation.created_at),
    }


def _no_assets() -> Json:
    return dict.fromkeys(("video", "thumbnail", "video_raw", "last_frame", "artifact"))
