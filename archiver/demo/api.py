"""The API of the bundled service: one question, `GET /luma/generations/{id}`, for those with the key."""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Mapping, Sequence

from archiver.demo.answers import completed_answer, error_answer, failed_answer, unfinished_answer
from archiver.demo.clips import Clip
from archiver.demo.messages import Request, Response, json_response
from archiver.demo.plan import DemoGeneration
from archiver.domain.generation import State
from archiver.domain.identity import ApiKey, GenerationId

API_PREFIX = "/luma/generations/"
_FIRST_STATES = (State.PENDING, State.PROCESSING)


class Api:
    """Answers requests under `API_PREFIX`; a slow generation gets on by one state with each request."""

    def __init__(
        self, plan: Sequence[DemoGeneration], clips: Mapping[GenerationId, Clip], key: ApiKey
    ) -> None:
        self._generations = {str(generation.id): generation for generation in plan}
        self._clips = clips
        self._key = key
        self._asked: Counter[str] = Counter()

    def respond(self, request: Request, base: str) -> Response:
        """Return the response to a GET or HEAD; `base` is this server's own origin."""
        if not self._is_authorized(request):
            error = error_answer("invalid or missing API key", "invalid_api_key")
            return json_response(401, error, {"www-authenticate": "Bearer"})
        generation = self._generations.get(request.path.removeprefix(API_PREFIX))
        if generation is None:
            return json_response(404, error_answer("task not found", "task_not_exist"))
        return json_response(200, self._answer(generation, base))

    def _answer(self, generation: DemoGeneration, base: str) -> dict[str, object]:
        clip = self._clips.get(generation.id)
        if clip is None:
            return failed_answer(generation)
        asked_before = self._asked[generation.id]
        self._asked[generation.id] += 1
        if generation.is_slow and asked_before < len(_FIRST_STATES):
            return unfinished_answer(generation, _FIRST_STATES[asked_before])
        return completed_answer(generation, clip, base)

    def _is_authorized(self, request: Request) -> bool:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        # Bytes: compare_digest takes text in ASCII alone, and a header may hold anything.
        is_key = hmac.compare_digest(key.strip().encode(), self._key.secret.encode())
        return scheme.lower() == "bearer" and is_key
