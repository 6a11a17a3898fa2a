"""The bundled service: the API and the media host on one port of the loopback interface.

clips = await make_clips(plan, folder)
async with DemoService(plan, clips) as service:
    ...  # service.api_base, service.api_key, service.ids
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

from archiver.demo.answers import error_answer
from archiver.demo.api import API_PREFIX, Api
from archiver.demo.clips import Clip
from archiver.demo.connection import ServerConnection
from archiver.demo.media import MediaHost
from archiver.demo.messages import Request, Response, json_response
from archiver.demo.plan import DemoGeneration
from archiver.domain.errors import UsageError
from archiver.domain.identity import ApiKey, GenerationId

# Loopback alone: the service is for this machine, and its key is in the documentation.
_HOST = "127.0.0.1"
DEMO_API_KEY = ApiKey("demo-key")
SERVED_METHODS = ("GET", "HEAD")


class DemoService:
    """Serves while it is entered, and remembers what it was asked: states advance, a download breaks once.

    `port` 0 takes a free one. Building it reads the clips once, for their validators. Entering raises
    `UsageError` where the port cannot be had.
    """

    def __init__(
        self,
        plan: Sequence[DemoGeneration],
        clips: Mapping[GenerationId, Clip],
        *,
        port: int = 0,
        api_key: ApiKey = DEMO_API_KEY,
    ) -> None:
        self.ids = tuple(generation.id for generation in plan)
        self.api_key = api_key
        self.port = port
        self._api = Api(plan, clips, api_key)
        self._media = MediaHost(plan, clips)
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def api_base(self) -> str:
        """The `--api-base` to use; media URLs begin with it, too."""
        return f"http://{_HOST}:{self.port}"

    async def __aenter__(self) -> Self:
        try:
            self._server = await asyncio.start_server(self._accept, _HOST, self.port)
        except (OSError, OverflowError) as error:
            raise _refused_port(self.port, error) from error
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server:
            self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(ServerConnection(reader, writer, self._respond).serve())
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    def _respond(self, request: Request) -> Response:
        if request.method not in SERVED_METHODS:
            error = error_answer("only GET and HEAD are served", "method_not_allowed")
            return json_response(405, error, {"allow": ", ".join(SERVED_METHODS)})
        if request.path.startswith(API_PREFIX):
            return self._api.respond(request, self.api_base)
        return self._media.respond(request)


def _refused_port(port: int, error: OSError | OverflowError) -> UsageError:
    is_taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
    why = "another program has it" if is_taken else str(error)
    return UsageError(f"port {port} of {_HOST} cannot be used: {why}: choose another one with --port")
