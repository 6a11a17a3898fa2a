"""The contract of both engines when all goes well: what is asked, what is given, what is reused."""

from __future__ import annotations

import asyncio
import gzip
import logging
from dataclasses import replace

import pytest

from archiver.domain.exchange import Request
from archiver.domain.identity import ApiKey
from archiver.transport.options import HttpEngine
from archiver.version import __version__
from tests.transport.carrying import LOCAL, carry, fetch
from tests.transport.servers import Call, serve

BODY = bytes(range(256)) * 4096


async def send_body(call: Call) -> None:
    """Answer with BODY and a few headers."""
    await call.answer(BODY, headers='ETag: "v1"\r\nX-Twice: a\r\nX-TWICE: b\r\n')


async def test_the_whole_body_arrives_under_lower_case_headers(engine: HttpEngine) -> None:
    """The domain looks headers up in lower case (RFC 9110 §5.1 makes no difference of it)."""
    async with serve(send_body) as server, carry(engine) as transport:
        head, body = await fetch(transport, server.url())
    assert (head.status, head.content_length, body) == (200, len(BODY), BODY)
    assert head.headers["etag"] == '"v1"'
    assert head.headers["x-twice"] == "a, b"


async def test_a_chunked_body_arrives_whole(engine: HttpEngine) -> None:
    """A relay's JSON often has no length."""

    async def chunked(call: Call) -> None:
        await call.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n")
        await call.send(b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n")

    async with serve(chunked) as server, carry(engine) as transport:
        head, body = await fetch(transport, server.url())
    assert body == b"hello world"
    assert head.content_length is None, "a length beside chunks says nothing (RFC 9112 §6.3)"


async def test_an_error_status_is_an_answer(engine: HttpEngine) -> None:
    """What a status means is decided above; its body holds the service's words."""

    async def refuse(call: Call) -> None:
        await call.answer(b"slow down", status=429, headers="Retry-After: 7\r\n")

    async with serve(refuse) as server, carry(engine) as transport:
        head, body = await fetch(transport, server.url())
    assert (head.status, head.headers["retry-after"], body) == (429, "7", b"slow down")


async def test_a_request_says_what_it_must_and_no_more(engine: HttpEngine) -> None:
    """Bytes as they are on the server's disk, our name, the caller's headers, the key; no Referer."""
    asked = {"range": "bytes=5-", "if-range": '"v1"', "accept": "video/*"}
    async with serve(send_body) as server, carry(engine) as transport:
        await fetch(transport, Request(url=server.url(), headers=asked, key=ApiKey("s3cret")))
        sent = server.calls[0].headers
    assert {**sent, **asked} == sent
    assert sent["accept-encoding"] == "identity"
    assert sent["user-agent"] == f"luma-archiver/{__version__}"
    # Servers of HTTP/1.0 close a connection that they are not asked to keep (RFC 9112 §9.3).
    assert sent["connection"].lower() == "keep-alive"
    assert sent["authorization"] == "Bearer s3cret"
    assert sent["host"] == f"127.0.0.1:{server.port}"
    assert not sent.keys() & {"referer", "cookie"}


async def test_a_request_without_a_wish_takes_what_comes(engine: HttpEngine) -> None:
    """Some firewalls refuse whoever names no kind of answer, and both engines have to look alike."""
    async with serve(send_body) as server, carry(engine) as transport:
        await fetch(transport, server.url())
        assert server.calls[0].headers["accept"] == "*/*"


async def test_a_signed_url_reaches_the_server_as_it_was_signed(engine: HttpEngine) -> None:
    """One escape written otherwise, and an S3 signature is void."""
    target = "/a%2Fb/c%20d/e+f~g;h,i/clip.mp4?X-Amz-Signature=aB%2F%2b+c~d=&e&f=%7B%22%7D&h=a/b?c:d@e!$*()"
    async with serve(send_body) as server, carry(engine) as transport:
        await fetch(transport, server.url(target))
        assert server.calls[0].target == target


async def test_a_body_under_gzip_is_not_decoded(engine: HttpEngine) -> None:
    """What is resumed and measured must be the bytes that ranges count."""
    packed = gzip.compress(BODY)

    async def pack(call: Call) -> None:
        await call.answer(packed, headers="Content-Encoding: gzip\r\n")

    async with serve(pack) as server, carry(engine) as transport:
        head, body = await fetch(transport, server.url())
    assert (head.encoding, body) == ("gzip", packed)


async def test_cookies_are_not_kept(engine: HttpEngine) -> None:
    """One generation's answer must not change how another is asked for."""

    async def bake(call: Call) -> None:
        await call.answer(headers="Set-Cookie: session=1; Path=/\r\n")

    async with serve(bake) as server, carry(engine) as transport:
        await fetch(transport, server.url())
        await fetch(transport, server.url())
        assert "cookie" not in server.calls[1].headers


async def test_the_environments_proxies_are_not_used(
    engine: HttpEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The guard checks addresses; a proxy that nobody typed would go round it."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    async with serve(send_body) as server, carry(engine) as transport:
        assert (await fetch(transport, server.url()))[1] == BODY


async def test_a_header_beyond_ascii_costs_nothing_else(engine: HttpEngine) -> None:
    """File names in Content-Disposition come as raw UTF-8."""

    async def name(call: Call) -> None:
        await call.answer(BODY, headers='Content-Disposition: x="\xc3\xa9\xff"\r\nETag: "v1"\r\n')

    async with serve(name) as server, carry(engine) as transport:
        head, body = await fetch(transport, server.url())
    assert (head.headers["etag"], head.content_length, body) == ('"v1"', len(BODY), BODY)


async def test_one_connection_serves_request_after_request(engine: HttpEngine) -> None:
    """A handshake for each thumbnail would take longer than the thumbnail."""
    async with serve(send_body) as server, carry(engine) as transport:
        for _ in range(5):
            await fetch(transport, server.url())
        assert (len(server.calls), server.connections) == (5, 1)


async def test_a_connection_that_the_server_closed_meanwhile_is_no_error(engine: HttpEngine) -> None:
    """Servers close what is idle; the next request must simply take a new connection."""

    async def answer_and_close(call: Call) -> None:
        await call.answer(BODY)
        call.close()

    async with serve(answer_and_close) as server, carry(engine) as transport:
        for _ in range(3):
            server.closed.clear()
            assert (await fetch(transport, server.url()))[1] == BODY
            await server.closed.wait()
            # The FIN is in the client's socket; one more exchange gives both sides' loops their turn at it.
            async with serve(send_body) as other:
                await fetch(transport, other.url())
        assert server.connections == 3


async def test_no_more_connections_are_open_than_allowed(engine: HttpEngine) -> None:
    """`--concurrency` is a promise to the user's line and to the host."""
    async with serve(send_body) as server, carry(engine, replace(LOCAL, connections=3)) as transport:
        bodies = await asyncio.gather(*(fetch(transport, server.url()) for _ in range(20)))
        assert {body for _, body in bodies} == {BODY}
        assert server.most_open <= 3


async def test_a_cancelled_reader_gives_its_place_back(engine: HttpEngine) -> None:
    """SIGINT cancels mid-body, often as bytes arrive: it must not get lost, nor the connection stay."""
    begun = asyncio.Event()

    async def half(call: Call) -> None:
        await call.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
        begun.set()
        await call.until_gone()

    async with serve(half) as server, carry(engine, replace(LOCAL, connections=1)) as transport:
        for _ in range(20):
            begun.clear()
            reader = asyncio.create_task(fetch(transport, server.url()))
            await begun.wait()
            reader.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reader
        assert server.connections == 20


async def test_a_body_may_be_left_unread(engine: HttpEngine) -> None:
    """A body that grows too large is left where it is; its connection is not used again."""
    async with serve(send_body) as server, carry(engine, replace(LOCAL, connections=1)) as transport:
        for _ in range(3):
            async with transport.open(Request(url=server.url())) as answer:
                assert await anext(answer.body)
        assert (await fetch(transport, server.url()))[1] == BODY


async def test_nothing_secret_is_logged(engine: HttpEngine, caplog: pytest.LogCaptureFixture) -> None:
    """`--verbose --log-file` may listen to all loggers; httpx's own logs every URL whole."""
    caplog.set_level(logging.DEBUG)
    async with serve(send_body) as server, carry(engine) as transport:
        await fetch(transport, Request(url=server.url("/a?Signature=s1gned"), key=ApiKey("s3cret")))
    assert "s1gned" not in caplog.text
    assert "s3cret" not in caplog.text
