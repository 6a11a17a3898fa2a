"""Who answers a request: a resource, honestly, or a fault in its stead."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from tests.simulator.wire import Request, Response, Wire


class Resource(Protocol):
    """Something that is served under a path."""

    faults: deque[Fault]

    def respond(self, request: Request) -> Response:
        """Return what an honest server answers."""


class Fault:
    """One way to answer wrongly; the base is no fault at all.

    A fault takes one request, unless it `persists`. It overrides `answer` (what is said), `send` (how it
    goes over the wire), or both.
    """

    persists: ClassVar[bool] = False

    def answer(self, request: Request, resource: Resource) -> Response:
        """Return what is to be sent."""
        return resource.respond(request)

    async def send(self, wire: Wire, response: Response) -> None:
        """Send it; a fault that breaks the connection closes or resets the wire."""
        await wire.send_response(response)


@dataclass(frozen=True, slots=True)
class Always(Fault):
    """A fault for every request from now on."""

    fault: Fault
    persists: ClassVar[bool] = True

    def answer(self, request: Request, resource: Resource) -> Response:
        """Answer as the fault does."""
        return self.fault.answer(request, resource)

    async def send(self, wire: Wire, response: Response) -> None:
        """Send as the fault does."""
        await self.fault.send(wire, response)


@dataclass(frozen=True, slots=True)
class Both(Fault):
    """Two faults in one answer: the first says something wrong, the second sends it wrongly."""

    said: Fault
    sent: Fault

    def answer(self, request: Request, resource: Resource) -> Response:
        """Answer as the first does."""
        return self.said.answer(request, resource)

    async def send(self, wire: Wire, response: Response) -> None:
        """Send as the second does."""
        await self.sent.send(wire, response)


Faults = Sequence[Fault] | Mapping[str, Sequence[Fault]]
"""Faults of the video, or of assets by name; `api` are those of the question itself."""


def faults_of(faults: Faults, name: str, *, default: str = "video") -> deque[Fault]:
    """Return the faults that belong to one name; a bare sequence belongs to `default`."""
    if isinstance(faults, Mapping):
        return deque(faults.get(name, ()))
    return deque(faults if name == default else ())


def next_fault(*queues: deque[Fault]) -> Fault:
    """Take the next fault of the first queue that has one; where none has, the answer is honest."""
    queue = next((queue for queue in queues if queue), None)
    if queue is None:
        return Fault()
    return queue[0] if queue[0].persists else queue.popleft()
