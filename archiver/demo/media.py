"""The media host of the bundled service: files under URL paths, with validators, ranges and negotiation."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from pathlib import Path

from archiver.demo.answers import error_answer, media_paths
from archiver.demo.clips import Clip
from archiver.demo.messages import FileSlice, Request, Response, json_response
from archiver.demo.negotiation import choose_kind
from archiver.demo.plan import DemoGeneration
from archiver.demo.ranges import Part, Unsatisfiable, Version, Whole, select_bytes
from archiver.domain.checks import MediaKind
from archiver.domain.identity import GenerationId


@dataclass(frozen=True, slots=True)
class Representation:
    """One file that stands for a resource, and its version."""

    path: Path
    kind: MediaKind
    version: Version


Resource = Mapping[MediaKind, Representation]
"""What one URL can answer: a picture in several kinds, or a video in one."""


class MediaHost:
    """Answers requests for media; the files are read once, for their validators, when it is built."""

    def __init__(self, plan: Sequence[DemoGeneration], clips: Mapping[GenerationId, Clip]) -> None:
        self._resources: dict[str, Resource] = {}
        self._unbroken: set[str] = set()
        for generation in plan:
            if clip := clips.get(generation.id):
                self._add(generation, clip)

    def respond(self, request: Request) -> Response:
        """Return the response to a GET or HEAD."""
        resource = self._resources.get(request.path)
        if resource is None:
            return json_response(404, error_answer("no such file", "not_found"))
        chosen = resource[choose_kind(request.headers.get("accept"), tuple(resource))]
        headers = _headers(chosen) | ({"vary": "Accept"} if len(resource) > 1 else {})
        # A range is defined for GET alone (RFC 9110 §14.2).
        asked = request.headers.get("range") if request.method == "GET" else None
        match select_bytes(asked, request.headers.get("if-range"), chosen.version):
            case Whole():
                body = self._slice(request, chosen, 0, chosen.version.length)
                return Response(status=200, headers=headers, body=body)
            case Part(start, stop):
                span = {"content-range": f"bytes {start}-{stop - 1}/{chosen.version.length}"}
                body = self._slice(request, chosen, start, stop)
                return Response(status=206, headers=headers | span, body=body)
            case Unsatisfiable():
                return Response(status=416, headers={"content-range": f"bytes */{chosen.version.length}"})

    def _slice(self, request: Request, chosen: Representation, start: int, stop: int) -> FileSlice:
        cut_at = None
        if request.method == "GET" and request.path in self._unbroken:
            self._unbroken.remove(request.path)
            cut_at = (start + stop) // 2
        return FileSlice(path=chosen.path, start=start, stop=stop, cut_at=cut_at)

    def _add(self, generation: DemoGeneration, clip: Clip) -> None:
        paths = media_paths(generation)
        files = {
            "video": {MediaKind.MP4: clip.video},
            "video_raw": {MediaKind.MP4: clip.video_raw},
            "thumbnail": clip.thumbnails,
            "last_frame": {MediaKind.JPEG: clip.last_frame},
        }
        for name, forms in files.items():
            self._resources[paths[name]] = {
                kind: Representation(path, kind, _version(path, generation.created_at))
                for kind, path in forms.items()
            }
        if generation.breaks_once:
            self._unbroken.add(paths["video"])


def _version(path: Path, modified: datetime) -> Version:
    data = path.read_bytes()
    etag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
    return Version(length=len(data), etag=etag, last_modified=format_datetime(modified, usegmt=True))


def _headers(chosen: Representation) -> dict[str, str]:
    return {
        "content-type": chosen.kind.media_type,
        "accept-ranges": "bytes",
        "etag": chosen.version.etag,
        "last-modified": chosen.version.last_modified,
    }
