"""A host that serves so many at once and refuses the rest."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from tests.simulator.answering import Fault, Resource
from tests.simulator.log import Gauge
from tests.simulator.wire import Request, Response, Wire


@dataclass(frozen=True, slots=True)
class AtMost(Fault):
    """Answers so many at once, as `served` does, and the rest with a status; files share one of these."""

    count: int
    served: Fault
    status: int = 429
    persists: ClassVar[bool] = True
    in_service: Gauge = field(default_factory=Gauge)

    def answer(self, request: Request, resource: Resource) -> Response:
        """Answer, or refuse."""
        if self.in_service.now >= self.count:
            return Response(status=self.status, headers={"content-type": "text/plain"}, body=b"too many")
        return self.served.answer(request, resource)

    async def send(self, wire: Wire, response: Response) -> None:
        """Send, and count what is no refusal."""
        if response.status == self.status:
            await wire.send_response(response)
            return
        with self.in_service.counted():
            await self.served.send(wire, response)
