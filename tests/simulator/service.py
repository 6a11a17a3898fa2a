"""The service itself: listeners, connections, what is served, what was asked."""

from __future__ import annotations

import asyncio
import itertools
import socket
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from tests.simulator.answering import Fault, Faults, Resource, faults_of, next_fault
from tests.simulator.answers import Link, Shape
from tests.simulator.api import API_KEY, Nothing, Task
from tests.simulator.clips import Clip, Media, Recipe, make_clip
from tests.simulator.hosted import HostedFile, Offers
from tests.simulator.log import API_PREFIX, Exchange, Gauge, Log
from tests.simulator.wire import Request, Wire


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A generation as the service has it: change what is said, the files or their faults at any time."""

    task: Task
    video: HostedFile
    video_raw: HostedFile
    thumbnail: HostedFile
    last_frame: HostedFile


class Service:
    """The simulated service; every listener serves everything, so that any host can be any other.

    API and media have ports of their own, hence origins of their own, unless `shared_port`.
    """

    api_key = API_KEY

    def __init__(self, *, shared_port: bool = False) -> None:
        self._shared_port = shared_port
        self._resources: dict[str, Resource] = {}
        self._sockets: list[socket.socket] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._connections = 0
        self._seeds = itertools.count()
        self.api_base = self.media_base = ""
        self.offers = Offers()
        """What the media host offers for files served from now on."""
        self.api_faults: deque[Fault] = deque()
        """Faults of the whole API; they come before a generation's own."""
        self.log = Log()
        self.open_connections = Gauge()
        self.api_in_flight = Gauge()
        self.media_in_flight = Gauge()

    async def __aenter__(self) -> Self:
        self.api_base = self.listen()
        self.media_base = self.api_base if self._shared_port else self.listen()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def stop(self) -> None:
        """End everything at once. Raises an `ExceptionGroup` of the simulator's own mistakes, if any."""
        while self._sockets:
            sock = self._sockets.pop()
            asyncio.get_running_loop().remove_reader(sock)
            sock.close()
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        own = [end for end in ends if isinstance(end, Exception)]
        if own:
            msg = "the simulated service itself went wrong"
            raise ExceptionGroup(msg, own)

    def listen(self, host: str = "127.0.0.1") -> str:
        """Open one more listener and return its base URL; Linux has all of 127.0.0.0/8."""
        sock = self._bound(host)
        sock.listen(1024)
        asyncio.get_running_loop().add_reader(sock, self._accept, sock)
        return _base_of(sock)

    def refusing_base(self) -> str:
        """Return a base URL at which connections are refused: the port is taken, nobody listens."""
        return _base_of(self._bound("127.0.0.1"))

    def serve(
        self,
        generation_id: str,
        clip: Clip | None = None,
        *,
        state: str | Sequence[str] = "completed",
        shape: Shape = Shape(),  # noqa: B008 - frozen
        faults: Faults = (),
    ) -> Served:
        """Serve a generation; several states are one for each answer, the last for all later ones.

        Its clip is one that no other generation has, unless it is given.
        """
        clip = clip or make_clip(Recipe(seed=next(self._seeds)))
        media = {name: getattr(clip, name) for name in ("video_raw", "video", "thumbnail", "last_frame")}
        paths = {name: _path_of(generation_id, name, clip) for name in media}
        files = {name: self.host(paths[name], media[name], faults_of(faults, name)) for name in media}
        links = {name: Link(self.media_base + paths[name], media[name]) for name in media}
        states = (state,) if isinstance(state, str) else state
        own = faults_of(faults, "api")
        task = Task(id=generation_id, states=states, links=links, shape=shape, faults=own)
        for file in files.values():
            file.access = task.access
        self._resources[f"{API_PREFIX}generations/{generation_id}"] = task
        return Served(task=task, **files)

    def revoke(self, generation_id: str) -> None:
        """Answer 403 to a generation's media URLs until the API was asked again, which signs fresh ones."""
        task = self._resources[f"{API_PREFIX}generations/{generation_id}"]
        if isinstance(task, Task):
            task.access.revoke()

    def host(self, path: str, media: Media, faults: deque[Fault] | None = None) -> HostedFile:
        """Serve a file under a path; hosted again, it is the same file with more faults."""
        found = self._resources.get(path)
        if isinstance(found, HostedFile) and found.body == media.data:
            found.faults.extend(faults or ())
            return found
        file = HostedFile(
            path=path,
            body=media.data,
            media_type=media.media_type,
            offers=self.offers,
            faults=faults if faults is not None else deque(),
        )
        self._resources[path] = file
        return file

    def _bound(self, host: str) -> socket.socket:
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._sockets.append(sock)
        sock.settimeout(0)
        sock.bind((host, 0))
        return sock

    def _accept(self, listener: socket.socket) -> None:
        try:
            sock, _ = listener.accept()
        except (BlockingIOError, ConnectionError):
            return  # The client has thought better of it.
        sock.settimeout(0)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connections += 1
        self._tasks.append(asyncio.create_task(self._serve(sock, self._connections)))

    async def _serve(self, sock: socket.socket, number: int) -> None:
        wire = Wire(sock)
        host, port = sock.getsockname()
        with sock, self.open_connections.counted():
            try:
                while wire.is_open and (request := await wire.receive()):
                    wire.exchange = self._write_down(request, (host, port), number)
                    await self._answer(wire, request)
                    if request.headers.get("connection") == "close":
                        wire.close()
            except ConnectionError:
                return  # The client left, as it may.

    def _write_down(self, request: Request, end: tuple[str, int], connection: int) -> Exchange:
        exchange = Exchange(
            time_s=asyncio.get_running_loop().time(),
            host=end[0],
            port=end[1],
            connection=connection,
            method=request.method,
            target=request.target,
            headers=request.headers,
        )
        self.log.append(exchange)
        return exchange

    async def _answer(self, wire: Wire, request: Request) -> None:
        resource = self._resources.get(request.path) or Nothing()
        is_api = request.path.startswith(API_PREFIX)
        queues = (self.api_faults, resource.faults) if is_api else (resource.faults,)
        with (self.api_in_flight if is_api else self.media_in_flight).counted():
            fault = next_fault(*queues)
            await fault.send(wire, fault.answer(request, resource))


def _base_of(sock: socket.socket) -> str:
    host, port = sock.getsockname()
    return f"http://{host}:{port}"


def _path_of(generation_id: str, name: str, clip: Clip) -> str:
    """Return an asset's path, shaped as the service's own URLs are: a thumbnail's has no extension."""
    if name == "video" and clip.video is clip.video_raw:
        return _path_of(generation_id, "video_raw", clip)
    endings = {
        "video": "watermarked_video0.mp4",
        "video_raw": "video0.mp4",
        "thumbnail": "public",
        "last_frame": "video_0_last_frame.jpg",
    }
    return f"/dream-machine/{generation_id}/{endings[name]}"
