"""The contract of both engines when the network or the server fails: which error, what it says."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator

import pytest

from archiver.domain.errors import BrokenError, ConnectError, StalledError, TransferError, UrlRefusedError
from archiver.domain.exchange import Request, Transport
from archiver.domain.identity import MediaUrl
from archiver.transport.addressing import AddressPolicy
from archiver.transport.options import HttpEngine, TransportOptions
from tests.transport.carrying import LOCAL, carry, fetch
from tests.transport.servers import Call, Script, serve

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
SOME = b"x" * 5000


async def cut(call: Call) -> None:
    """Close in good order, long before Content-Length."""
    await call.send(HEAD + SOME)
    call.close()


async def cut_in_a_chunk(call: Call) -> None:
    """Close within a chunk."""
    await call.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2000\r\n" + SOME)
    call.close()


async def cut_between_chunks(call: Call) -> None:
    """Close where the next chunk, or the last, should begin."""
    await call.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
    call.close()


async def close_at_once(call: Call) -> None:
    """Close instead of an answer."""
    call.close()


async def reset_at_once(call: Call) -> None:
    """Reset instead of an answer."""
    call.reset()


async def reset_in_the_body(call: Call) -> None:
    """Reset when the client has the first bytes."""
    await call.send(HEAD + SOME)
    await asyncio.sleep(0.05)  # a RST overtakes what is still in the socket
    call.reset()


async def cut_in_the_head(call: Call) -> None:
    """Close within the headers."""
    await call.send(b"HTTP/1.1 200 OK\r\nContent-Le")
    call.close()


async def say_nothing(call: Call) -> None:
    """Take the request and be silent."""
    await call.until_gone()


async def stall_in_the_body(call: Call) -> None:
    """Be silent after the first bytes."""
    await call.send(HEAD + SOME)
    await call.until_gone()


async def stall_after_the_head(call: Call) -> None:
    """Be silent before the first byte."""
    await call.send(HEAD)
    await call.until_gone()


async def drip_the_head(call: Call) -> None:
    """Send headers for ever, a byte at a time."""
    await call.send(b"HTTP/1.1 200 OK\r\nX: ")
    while not call.reader.at_eof():
        await call.send(b"x")
        await asyncio.sleep(0.02)


async def speak_ssh(call: Call) -> None:
    """Answer in another protocol."""
    await call.send(b"SSH-2.0-OpenSSH_9.2p1 \x1b[31mDebian\r\n")
    call.close()


async def send_a_vast_header(call: Call) -> None:
    """Send 10 MB of header."""
    await call.send(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 10_000_000 + b"\r\n\r\n")
    call.close()


async def send_endless_headers(call: Call) -> None:
    """Send headers until the client has enough."""
    await call.send(b"HTTP/1.1 200 OK\r\n")
    while not call.reader.at_eof():
        await call.send(b"X-Again: and again\r\n" * 1000)


async def contradict_the_length(call: Call) -> None:
    """Send two lengths (RFC 9112 §6.3)."""
    await call.send(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nhello")
    call.close()


BREAKS: list[Script] = [
    cut,
    cut_in_a_chunk,
    cut_between_chunks,
    close_at_once,
    reset_at_once,
    reset_in_the_body,
    cut_in_the_head,
    speak_ssh,
    send_a_vast_header,
    send_endless_headers,
    contradict_the_length,
]
STALLS: list[Script] = [say_nothing, stall_in_the_body, stall_after_the_head, drip_the_head]
HASTY = TransportOptions(allow_private_hosts=True, stall_timeout_s=0.3, connect_timeout_s=0.2)


def check_message(error: TransferError) -> None:
    """Hold an error to what every error for a person is held to."""
    assert error.message.startswith("127.0.0.1: ")
    assert error.message.isprintable()
    assert len(error.message) < 200
    assert "s1gned" not in error.message


@pytest.mark.parametrize("script", BREAKS)
async def test_a_break_never_looks_like_an_end(engine: HttpEngine, script: Script) -> None:
    """A file cut short that passes for whole is the worst that an archiver can do."""
    async with serve(script) as server, carry(engine) as transport:
        with pytest.raises(BrokenError) as caught:
            await fetch(transport, server.url("/clip.mp4?Signature=s1gned"))
    check_message(caught.value)


@pytest.mark.parametrize("script", STALLS)
async def test_silence_ends_after_the_stall_timeout(engine: HttpEngine, script: Script) -> None:
    """A server that hangs must not hang the night's run."""
    async with serve(script) as server, carry(engine, HASTY) as transport:
        with pytest.raises(StalledError) as caught:
            async with asyncio.timeout(5):
                await fetch(transport, server.url("/clip.mp4?Signature=s1gned"))
    check_message(caught.value)


@pytest.mark.parametrize("script", [cut, reset_in_the_body, stall_in_the_body])
async def test_bytes_that_came_before_a_break_are_given_out(engine: HttpEngine, script: Script) -> None:
    """They are what the next attempt resumes from: none may be held back."""
    came = bytearray()

    async def collect(transport: Transport, url: MediaUrl) -> None:
        async with transport.open(Request(url=url)) as answer:
            async for piece in answer.body:
                came.extend(piece)

    async with serve(script) as server, carry(engine) as transport:
        with pytest.raises(TransferError):
            await collect(transport, server.url())
    assert came == SOME


async def test_the_head_is_given_out_before_the_body_begins(engine: HttpEngine) -> None:
    """What to do with a body is decided by its head, also where the body dawdles."""
    async with (
        serve(stall_after_the_head) as server,
        carry(engine) as transport,
        transport.open(Request(url=server.url())) as answer,
    ):
        assert answer.head.content_length == 100_000


async def test_a_slow_body_is_no_stalled_one(engine: HttpEngine) -> None:
    """The time-out is for silence: a body may take hours as long as it moves."""

    async def amble(call: Call) -> None:
        await call.send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n")
        for _ in range(6):
            await asyncio.sleep(LOCAL.stall_timeout_s / 3)
            await call.send(b"x")

    async with serve(amble) as server, carry(engine) as transport:
        assert (await fetch(transport, server.url()))[1] == b"xxxxxx"


@pytest.fixture
def closed_port() -> Iterator[int]:
    """Return a port on which nothing listens, and keep it from others."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield reserved.getsockname()[1]


async def test_a_refused_connection_is_said_so(engine: HttpEngine, closed_port: int) -> None:
    """The words are the system's, the same over both engines."""
    async with carry(engine) as transport:
        with pytest.raises(ConnectError) as caught:
            await fetch(transport, MediaUrl.parse(f"http://127.0.0.1:{closed_port}/a?Signature=s1gned"))
    assert caught.value.message == "127.0.0.1: no connection: connection refused"


async def test_a_host_that_drops_packets_ends_after_the_connect_timeout(engine: HttpEngine) -> None:
    """Firewalls drop rather than refuse. Here a listener's full backlog does the dropping."""
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for filler in (first, second):
            filler.settimeout(0)
            filler.connect_ex(listener.getsockname())
        async with carry(engine, HASTY) as transport:
            with pytest.raises(ConnectError, match=r"^127\.0\.0\.1: no connection within 0\.2 s$"):
                await fetch(transport, MediaUrl.parse(f"http://127.0.0.1:{listener.getsockname()[1]}/"))


async def test_a_host_that_does_not_exist_is_said_so(engine: HttpEngine) -> None:
    """A resolver's failure is a connection's; `.invalid` never resolves (RFC 6761 §6.4)."""

    async def know_nothing(_host: str) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    async with carry(engine, policy=AddressPolicy(resolve=know_nothing)) as transport:
        with pytest.raises(ConnectError, match=r"^media\.invalid: no address found: Name or service"):
            await fetch(transport, MediaUrl.parse("http://media.invalid/clip.mp4"))


@pytest.mark.parametrize("text", ["http://xn--a.example/", "http://media.example:0/"])
async def test_a_url_that_an_engine_cannot_read_is_no_crash(engine: HttpEngine, text: str) -> None:
    """Two parsers stand behind ours, and either may be stricter."""

    async def answer_loopback(_host: str) -> list[str]:
        return ["127.0.0.1"]

    async with carry(engine, policy=AddressPolicy(resolve=answer_loopback)) as transport:
        with pytest.raises((UrlRefusedError, ConnectError)):
            await fetch(transport, MediaUrl.parse(text))
