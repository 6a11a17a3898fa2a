"""The protocol on the wire: what clients do right and wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress

import httpx
import pytest

from archiver.demo.answers import media_paths
from archiver.demo.clips import Clip
from archiver.demo.plan import DemoGeneration
from archiver.demo.service import DemoService
from archiver.domain.errors import UsageError
from archiver.domain.identity import GenerationId
from tests.demo.conftest import PLAN


async def talk(service: DemoService, data: bytes) -> bytes:
    """Send bytes, close the sending side, and return all that comes back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
    writer.write(data)
    writer.write_eof()
    try:
        return await reader.read()
    finally:
        writer.close()
        await writer.wait_closed()


async def test_one_connection_carries_many_requests(service: DemoService) -> None:
    """Keep-alive, pipelined too, the last one asking for the end."""
    first, last = (
        b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    )
    assert (await talk(service, first * 3 + last)).count(b"HTTP/1.1 404 Not Found\r\n") == 4


@pytest.mark.parametrize(
    "data",
    [
        b"hello\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n",
    ],
)
async def test_what_is_not_http_is_answered_with_400(service: DemoService, data: bytes) -> None:
    """It ends its own connection; the service goes on."""
    assert (await talk(service, data)).startswith(b"HTTP/1.1 400 ")
    assert (await talk(service, b"GET / HTTP/1.0\r\n\r\n")).startswith(b"HTTP/1.1 404 ")


async def test_an_endless_head_is_refused(service: DemoService) -> None:
    """h11 holds no more than 16 KB of it."""
    head = b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 20_000
    assert (await talk(service, head)).startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize(
    "data", [b"", b"GET / HT", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc"]
)
async def test_a_client_that_leaves_in_the_middle_is_let_go(service: DemoService, data: bytes) -> None:
    """Whatever it gets, the service goes on."""
    await talk(service, data)
    assert (await talk(service, b"GET / HTTP/1.0\r\n\r\n")).startswith(b"HTTP/1.1 404 ")


async def test_a_body_that_nobody_asked_for_is_read_away(client: httpx.AsyncClient) -> None:
    """The next request on the connection is understood."""
    for _ in range(2):
        response = await client.request(
            "GET", "/", content=b"x" * 300_000, headers={"expect": "100-continue"}
        )
        assert response.status_code == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "BREW"])
async def test_only_reading_is_served(client: httpx.AsyncClient, plain: DemoGeneration, method: str) -> None:
    """405 names what is (RFC 9110 §15.5.6)."""
    response = await client.request(method, f"/luma/generations/{plain.id}")
    assert response.status_code == 405
    assert response.headers["allow"] == "GET, HEAD"


async def test_many_downloads_at_once_are_served(
    client: httpx.AsyncClient, clips: Mapping[GenerationId, Clip]
) -> None:
    """The archiver keeps sixteen in flight."""
    path, data = media_paths(PLAN[5])["video"], clips[PLAN[5].id].video.read_bytes()
    responses = await asyncio.gather(*(client.get(path) for _ in range(32)))
    assert all(response.content == data for response in responses)


async def test_leaving_closes_the_open_connections_and_the_port(clips: Mapping[GenerationId, Clip]) -> None:
    """An idle client does not keep the demo from ending."""
    async with DemoService(PLAN, clips) as service:
        reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
        writer.write(b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 404 ")
    assert await reader.read() == b""
    writer.close()
    await writer.wait_closed()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", service.port)


async def test_a_client_that_never_reads_does_not_keep_the_demo_from_ending(
    clips: Mapping[GenerationId, Clip],
) -> None:
    """What is buffered for it is given up."""
    request = f"GET {media_paths(PLAN[5])['video']} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    async with DemoService(PLAN, clips) as service:
        reader, writer = await asyncio.open_connection("127.0.0.1", service.port, limit=1)
        writer.write(request * 200)
        assert await reader.readexactly(1) == b"H"
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", service.port)
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


async def test_a_port_that_is_taken_is_told_with_what_to_do(
    service: DemoService, clips: Mapping[GenerationId, Clip]
) -> None:
    """One line for a person."""
    with pytest.raises(UsageError, match=f"port {service.port} .* another program has it: choose another"):
        await DemoService(PLAN, clips, port=service.port).__aenter__()


async def test_a_port_that_is_none_is_told(clips: Mapping[GenerationId, Clip]) -> None:
    """A number beyond 65535."""
    with pytest.raises(UsageError, match="port 70000"):
        await DemoService(PLAN, clips, port=70_000).__aenter__()
