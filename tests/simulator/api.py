"""The API's side of one generation: a script of states, and the rules that the page sets for a request."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from tests.simulator.answering import Fault
from tests.simulator.answers import Link, Shape, build_answer
from tests.simulator.hosted import Access
from tests.simulator.wire import Request, Response

API_KEY = "sk-simulated-0123456789"
"""The one key that the simulated service takes."""

_JSON = "application/json"


@dataclass(slots=True, kw_only=True)
class Task:
    """One generation at the API; `states` are those of the coming answers, the last one of all later ones."""

    id: str
    states: Sequence[str]
    links: Mapping[str, Link]
    shape: Shape
    faults: deque[Fault] = field(default_factory=deque)
    access: Access = field(default_factory=Access)
    answers: int = 0

    def respond(self, request: Request) -> Response:
        """Answer about the generation in its next state."""
        refusal = refuse(request)
        if refusal:
            return refusal
        self.answers += 1
        state = self.states[min(self.answers, len(self.states)) - 1]
        return json_response(build_answer(self.id, state, self._links(), self.shape))

    def _links(self) -> Mapping[str, Link]:
        if not (self.shape.signed or self.access.is_signed):
            return self.links
        query = self.access.sign()
        return {name: replace(link, url=f"{link.url}?{query}") for name, link in self.links.items()}


@dataclass(slots=True)
class Nothing:
    """What is served where nothing is: 404, in the API's words to whoever asks the API."""

    faults: deque[Fault] = field(default_factory=deque)

    def respond(self, request: Request) -> Response:
        """Say that there is nothing."""
        return refuse(request) or json_response({"detail": "task not found"}, 404)


def refuse(request: Request) -> Response | None:
    """Return the refusal of a question without the page's three headers or with another key, or None."""
    if not request.path.startswith("/luma/"):
        return None
    if request.headers.get("authorization") != f"Bearer {API_KEY}":
        return json_response({"error": {"message": "invalid token", "type": "auth", "code": "401"}}, 401)
    if any(request.headers.get(name) != _JSON for name in ("accept", "content-type")):
        return json_response({"detail": "Accept and Content-Type must be application/json"}, 400)
    return None


def json_response(value: object, status: int = 200) -> Response:
    """Return a JSON answer."""
    return Response(status=status, headers={"content-type": _JSON}, body=json.dumps(value).encode())
