"""Processes, started as asyncio starts them, but on any event loop.

uvloop runs Python between fork(2) and exec(2): a lock that another thread holds at that moment, such as one
of SQLite's, then stays held, and the parent waits for the exec for ever. `subprocess` runs only C there.

uvloop also closes a pipe's descriptor twice (0.23: libuv closes the number, then the file object is closed):
between the two another thread may have opened a file under that number, which is then closed under it.
"""

from __future__ import annotations

import asyncio
import os
from asyncio import StreamReader, StreamReaderProtocol, StreamWriter
from collections.abc import Collection, Mapping, Sequence
from subprocess import DEVNULL, PIPE, Popen
from typing import IO, Self


class Child:
    """A process and our ends of its pipes; a stream that was not asked for is None.

    Whoever has one waits for it.
    """

    def __init__(self, process: Popen[bytes]) -> None:
        self._process = process
        self.pid = process.pid
        self.stdin: StreamWriter | None = None
        self.stdout: StreamReader | None = None
        self.stderr: StreamReader | None = None
        self._transports: list[asyncio.BaseTransport] = []

    @property
    def returncode(self) -> int | None:
        """Its exit code, negative for a signal; None while it runs."""
        return self._process.poll()

    def kill(self) -> None:
        """Send it SIGKILL, where it still runs."""
        self._process.kill()

    async def wait(self) -> int:
        """Wait for its end, close the pipes and return its exit code."""
        code = await asyncio.to_thread(self._process.wait)
        for transport in self._transports:
            transport.close()
        # Those that no stream was made of, for a cancellation came first.
        for pipe in filter(None, (self._process.stdin, self._process.stdout, self._process.stderr)):
            pipe.close()
        return code

    async def connect(self) -> None:
        """Make streams of the pipes."""
        self.stdin = await self._writer_to(self._process.stdin)
        self.stdout = await self._reader_of(self._process.stdout)
        self.stderr = await self._reader_of(self._process.stderr)

    async def communicate(self) -> tuple[bytes, bytes]:
        """Close its input, read all that it writes, wait for its end; return its output and complaints."""
        if self.stdin:
            self.stdin.close()
        output, complaints = await asyncio.gather(_all_of(self.stdout), _all_of(self.stderr))
        await self.wait()
        return output, complaints

    async def _reader_of(self, pipe: IO[bytes] | None) -> StreamReader | None:
        if pipe is None:
            return None
        reader, loop = StreamReader(), asyncio.get_running_loop()
        transport, _ = await loop.connect_read_pipe(
            lambda: StreamReaderProtocol(reader), PipeEnd.taken_from(pipe)
        )
        self._transports.append(transport)
        return reader

    async def _writer_to(self, pipe: IO[bytes] | None) -> StreamWriter | None:
        if pipe is None:
            return None
        loop = asyncio.get_running_loop()
        # Nothing is read: the protocol is what `StreamWriter.drain` waits on.
        transport, protocol = await loop.connect_write_pipe(
            lambda: StreamReaderProtocol(StreamReader()), PipeEnd.taken_from(pipe)
        )
        self._transports.append(transport)
        return StreamWriter(transport, protocol, None, loop)


class PipeEnd:
    """Our end of a pipe as event loops want it, closed but once."""

    def __init__(self, descriptor: int, *, is_closed_by_loop: bool) -> None:
        self._descriptor = descriptor
        self._is_closed = is_closed_by_loop

    @classmethod
    def taken_from(cls, pipe: IO[bytes]) -> Self:
        """Return what `pipe` is an end of, for the running loop alone; the file object is closed."""
        with pipe:
            descriptor = os.dup(pipe.fileno())
        is_uvloop = type(asyncio.get_running_loop()).__module__.partition(".")[0] == "uvloop"
        return cls(descriptor, is_closed_by_loop=is_uvloop)

    def fileno(self) -> int:
        """Return its descriptor."""
        return self._descriptor

    def close(self) -> None:
        """Close it, where the loop does not do so itself."""
        if not self._is_closed:
            self._is_closed = True
            os.close(self._descriptor)


async def start_child(
    command: Sequence[str], *, pipes: Collection[str], env: Mapping[str, str], cwd: str | None = None
) -> Child:
    """Start a program in a session of its own. Raises `OSError`.

    `pipes` are those of `stdin`, `stdout` and `stderr` that are to be pipes; the others lead nowhere. Ctrl-C
    does not reach the program, and it can be killed as a group with whatever it starts.
    """
    stdin, stdout, stderr = (PIPE if name in pipes else DEVNULL for name in ("stdin", "stdout", "stderr"))
    process = Popen(  # noqa: ASYNC220, S603 - some milliseconds; our callers' own commands, without a shell
        command,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        env=env,
        cwd=cwd,
        bufsize=0,
        start_new_session=True,
    )
    child = Child(process)
    try:
        await child.connect()
    except BaseException:
        child.kill()
        await child.wait()
        raise
    return child


async def _all_of(stream: StreamReader | None) -> bytes:
    return await stream.read() if stream else b""
