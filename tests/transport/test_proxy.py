"""Through a proxy: how it is asked, what is left to it, and what is refused all the same."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest

from archiver.domain.errors import AddressRefusedError, ConnectError, StalledError, UsageError
from archiver.domain.exchange import Request
from archiver.domain.identity import MediaUrl
from archiver.transport.options import HttpEngine, TransportOptions
from tests.transport.carrying import carry, fetch
from tests.transport.servers import Call, listen, serve

STRICT = TransportOptions(stall_timeout_s=0.5, connect_timeout_s=0.5)
MEDIA = MediaUrl.parse("http://media.example:8080/clip.mp4?q=1")


def through(proxy: str) -> TransportOptions:
    """Return options with a proxy."""
    return replace(STRICT, proxy=proxy)


async def pass_for_the_target(call: Call) -> None:
    """Answer in place of whatever is asked for."""
    await call.answer(b"by proxy")


async def test_an_http_proxy_gets_the_whole_url_and_resolves_the_name(engine: HttpEngine) -> None:
    """RFC 9112 §3.2.2. That the name does not resolve here is no matter."""
    async with serve(pass_for_the_target) as proxy, carry(engine, through(proxy.url("").full)) as transport:
        assert (await fetch(transport, MEDIA))[1] == b"by proxy"
        assert proxy.calls[0].target == MEDIA.full


async def test_a_proxys_password_goes_to_the_proxy(engine: HttpEngine) -> None:
    """As `http://user:password@host`, percent-encoded where need be (RFC 7617)."""
    async with serve(pass_for_the_target) as proxy:
        options = through(f"http://me:p%40ss@127.0.0.1:{proxy.port}")
        async with carry(engine, options) as transport:
            await fetch(transport, MEDIA)
        expected = "Basic " + base64.b64encode(b"me:p@ss").decode()
        assert proxy.calls[0].headers["proxy-authorization"] == expected


async def test_https_goes_through_a_tunnel(engine: HttpEngine) -> None:
    """The proxy learns a host and a port (RFC 9110 §9.3.6). One that refuses is told of."""

    async def forbid(call: Call) -> None:
        await call.answer(status=403)

    async with serve(forbid) as proxy, carry(engine, through(proxy.url("").full)) as transport:
        with pytest.raises(ConnectError, match=r"^media\.example: no connection by way of the proxy: "):
            await fetch(transport, MediaUrl.parse("https://media.example/clip.mp4?Signature=s1gned"))
        assert {call.line for call in proxy.calls} == {"CONNECT media.example:443 HTTP/1.1"}


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "10.0.0.1", "2130706433", "[::ffff:127.0.0.1]"])
async def test_a_private_address_is_refused_through_a_proxy(engine: HttpEngine, host: str) -> None:
    """The proxy may well stand where that address means something."""
    async with serve(pass_for_the_target) as proxy, carry(engine, through(proxy.url("").full)) as transport:
        with pytest.raises(AddressRefusedError):
            await fetch(transport, MediaUrl.parse(f"http://{host}/clip.mp4"))
        assert not proxy.connections


async def test_a_trusted_base_is_asked_for_through_the_proxy(engine: HttpEngine) -> None:
    """Trust is in the base's address, not in a way around the proxy."""
    async with serve(pass_for_the_target) as proxy, carry(engine, through(proxy.url("").full)) as transport:
        url = MediaUrl.parse("http://10.0.0.1/luma/generations/1")
        assert (await fetch(transport, Request(url=url, is_trusted=True)))[1] == b"by proxy"


async def test_a_proxy_that_is_not_there_is_said_so(engine: HttpEngine) -> None:
    """Otherwise one looks for the fault at the media host."""
    async with carry(engine, through("http://127.0.0.1:1")) as transport:
        with pytest.raises(ConnectError) as caught:
            await fetch(transport, MEDIA)
    assert caught.value.message == "media.example: no connection by way of the proxy: connection refused"


@pytest.mark.parametrize("text", ["ftp://proxy.example:21", "proxy.example:3128", "http://", "http://[::1"])
async def test_what_is_no_proxy_is_a_usage_error(engine: HttpEngine, text: str) -> None:
    """It is found when the run starts, not at each asset."""
    with pytest.raises(UsageError, match=r"^--proxy: .*write http://, https:// or socks5://"):
        async with carry(engine, through(text)):
            pytest.fail("opened")


@dataclass(slots=True)
class SocksProxy:
    """A SOCKS5 proxy (RFC 1928) without authentication that knows one host: the server it was given."""

    target_port: int
    port: int = 0
    asked: list[tuple[int, bytes, int]] = field(default_factory=list)
    """Address type, address and port of each CONNECT."""

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        _, methods = await reader.readexactly(2)
        await reader.readexactly(methods)
        writer.write(b"\x05\x00")
        *_, kind, length = await reader.readexactly(5)
        address = await reader.readexactly(length)
        self.asked.append((kind, address, int.from_bytes(await reader.readexactly(2), "big")))
        writer.write(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target_port)
        far_writer.write(await reader.readuntil(b"\r\n\r\n"))
        writer.write(await far_reader.readuntil(b"by proxy"))
        far_writer.close()
        await far_writer.wait_closed()


@asynccontextmanager
async def serve_socks(target_port: int) -> AsyncIterator[SocksProxy]:
    """Serve a SOCKS5 proxy."""
    proxy = SocksProxy(target_port)
    async with listen(proxy.talk) as proxy.port:
        yield proxy


async def test_a_socks_proxy_resolves_the_name(engine: HttpEngine) -> None:
    """Address type 3 is a name. One resolved here would be resolved past the guard."""
    async with (
        serve(pass_for_the_target) as server,
        serve_socks(server.port) as proxy,
        carry(engine, through(f"socks5://127.0.0.1:{proxy.port}")) as transport,
    ):
        assert (await fetch(transport, MEDIA))[1] == b"by proxy"
        assert proxy.asked == [(3, b"media.example", 8080)]


async def test_an_http_proxy_named_as_a_socks_proxy_is_no_connection(engine: HttpEngine) -> None:
    """The commonest slip with proxies."""

    async def complain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with listen(complain) as port, carry(engine, through(f"socks5://127.0.0.1:{port}")) as transport:
        with pytest.raises(ConnectError, match=r"^media\.example: no connection by way of the proxy: "):
            await fetch(transport, MEDIA)


async def test_a_silent_socks_proxy_is_not_waited_for(engine: HttpEngine) -> None:
    """The SOCKS handshake of httpcore has no time-out of its own."""

    async def say_nothing(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with listen(say_nothing) as port, carry(engine, through(f"socks5://127.0.0.1:{port}")) as transport:
        with pytest.raises((ConnectError, StalledError)):
            async with asyncio.timeout(5):
                await fetch(transport, MEDIA)
