"""Faults of the connection: httpx is the judge of what is broken, a plain socket of which bytes came."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from tests.simulator import Service, make_clip
from tests.simulator import faults as f
from tests.simulator.asking import client, get, raw_bytes

BODY_SIZE = 10_000


def _url(service: Service, *faults: f.Fault) -> tuple[str, bytes]:
    served = service.serve("id-1", make_clip().padded_to(BODY_SIZE), faults=faults)
    return service.media_base + served.video.path, served.video.body


@pytest.mark.parametrize("count", [0, 1, 5000])
async def test_a_cut_body_stops_at_its_byte(service: Service, count: int) -> None:
    """The head promises the whole; then the connection is closed in order."""
    url, body = _url(service, f.CutAfter(count), f.CutAfter(count))
    received, was_reset = await raw_bytes(url)
    head, _, found = received.partition(b"\r\n\r\n")
    assert (found, was_reset) == (body[:count], False)
    assert b"content-length: 10000" in head
    with pytest.raises(httpx.RemoteProtocolError):
        await get(url)


@pytest.mark.parametrize(
    ("fault", "count"),
    [(f.ResetAfter(5000), 5000), (f.ResetAfterHeaders(), 0), (f.ResetBeforeHeaders(), None)],
)
async def test_a_reset_comes_after_all_bytes_before_it(
    service: Service, fault: f.Fault, count: int | None
) -> None:
    """What was sent has arrived: a test can say how many bytes are on disk afterwards."""
    url, body = _url(service, fault, fault)
    received, was_reset = await raw_bytes(url)
    assert was_reset
    assert received.partition(b"\r\n\r\n")[2] == body[: count or 0]
    assert bool(received) == (count is not None)
    with pytest.raises(httpx.ReadError):
        await get(url)


async def test_a_connection_closed_before_the_head_gives_nothing(service: Service) -> None:
    """A server that was restarted."""
    url, _ = _url(service, f.CloseBeforeHeaders())
    assert await raw_bytes(url) == (b"", False)


async def test_a_cut_chunk_is_broken_http(service: Service) -> None:
    """The only sign is the missing last chunk."""
    url, body = _url(service, f.CutChunked(3000), f.CutChunked(3000))
    received, _ = await raw_bytes(url)
    assert received.endswith(b"2710\r\n" + body[:3000])
    with pytest.raises(httpx.RemoteProtocolError):
        await get(url)


async def test_a_connection_may_close_after_a_whole_answer(service: Service) -> None:
    """The next request on it would find it gone."""
    url, body = _url(service, f.IdleClose())
    async with client() as opened:
        assert [(await opened.get(url)).content for _ in range(2)] == [body, body]
    assert [exchange.connection for exchange in service.log] == [1, 2]


@pytest.mark.parametrize("fault", [f.Silence(), f.StallAfter(100)])
async def test_a_stall_lasts_until_the_client_leaves(service: Service, fault: f.Fault) -> None:
    """The client's patience is what ends it."""
    url, _ = _url(service, fault)
    async with httpx.AsyncClient(trust_env=False, timeout=0.1) as impatient:
        with pytest.raises(httpx.ReadTimeout):
            await impatient.get(url)
    assert service.log[0].body_bytes == (100 if isinstance(fault, f.StallAfter) else 0)


async def test_a_slow_body_comes_at_its_rate(service: Service) -> None:
    """Ten thousand bytes at fifty thousand a second are a fifth of one."""
    url, body = _url(service, f.SlowBody(50_000))
    began = asyncio.get_running_loop().time()
    assert (await get(url)).content == body
    assert asyncio.get_running_loop().time() - began >= 0.19


async def test_a_body_may_come_without_its_length(service: Service) -> None:
    """Chunked, or until the connection closes: both are whole and regular."""
    url, body = _url(service, f.ChunkedWithoutLength(), f.UntilClose(), f.UntilClose(4000))
    answers = [await get(url) for _ in range(3)]
    assert [answer.content for answer in answers] == [body, body, body[:4000]]
    assert all("content-length" not in answer.headers for answer in answers)
    assert [answer.http_version for answer in answers] == ["HTTP/1.1", "HTTP/1.0", "HTTP/1.0"]


@pytest.mark.parametrize("error", [5, -5])
async def test_a_length_may_be_wrong_in_both_directions(service: Service, error: int) -> None:
    """Too long: the body seems cut. Too short: it is cut."""
    url, body = _url(service, f.WrongContentLength(error))
    received, _ = await raw_bytes(url)
    head, _, found = received.partition(b"\r\n\r\n")
    assert found == body
    assert f"content-length: {BODY_SIZE + error}".encode() in head


@pytest.mark.parametrize("fault", [f.EndlessBody(), f.EndlessJson()])
async def test_an_endless_body_goes_on_until_the_client_has_had_enough(
    service: Service, fault: f.Fault
) -> None:
    """Far more than the file, and no end."""
    url, _ = _url(service, fault)
    async with client() as opened, opened.stream("GET", url) as response:
        received = 0
        async for piece in response.aiter_raw():
            received += len(piece)
            if received > 5_000_000:
                break
    assert received > 5_000_000


async def test_what_is_not_http_is_not(service: Service) -> None:
    """Somebody else's port."""
    url, _ = _url(service, f.NotHttp())
    with pytest.raises(httpx.RemoteProtocolError):
        await get(url)


async def test_a_huge_header_is_sent_whole(service: Service) -> None:
    """Ten megabytes that a careless client keeps in memory."""
    url, body = _url(service, f.HugeHeader())
    received, _ = await raw_bytes(url)
    assert len(received) > 10_000_000
    assert received.endswith(body)
