"""Redirects: followed, but never with the key, the trust or the safety left behind."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from archiver.domain.errors import RedirectError, UrlRefusedError
from archiver.domain.exchange import Answer, Request
from archiver.domain.identity import ApiKey, MediaUrl
from archiver.domain.transfer import Head
from archiver.transport.options import HttpEngine
from archiver.transport.redirects import find_target
from tests.transport.carrying import LOCAL, carry, fetch
from tests.transport.servers import Call, Script, Server, serve

KEY = ApiKey("s3cret")


def redirect(location: str, status: int = 302, body: bytes = b"moved") -> Script:
    """Return a script that redirects all but `/final`."""

    async def answer(call: Call) -> None:
        if call.target.startswith("/final"):
            await call.answer(b"final")
        else:
            await call.answer(body, status=status, headers=f"Location: {location}\r\n")

    return answer


async def answer_final(call: Call) -> None:
    """Answer with a body."""
    await call.answer(b"final")


def keyed(server: Server) -> Request:
    """Return a request that carries a key, a range and a condition."""
    return Request(url=server.url("/start"), key=KEY, headers={"range": "bytes=5-", "if-range": '"v1"'})


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("location", ["/final?x=1", "final?x=1", "HTTP://127.0.0.1:{port}/final?x=1"])
async def test_each_redirect_is_followed_with_its_headers(
    engine: HttpEngine, status: int, location: str
) -> None:
    """A range that got lost on the way would bring the whole file again."""
    async with serve(answer_final) as target:
        script = redirect(location.format(port=target.port), status)
        async with serve(script) as server, carry(engine) as transport:
            async with transport.open(keyed(server)) as answer:
                assert (answer.head.status, answer.url.parts.path) == (200, "/final")
            last = (target.calls or server.calls)[-1]
    assert (last.target, last.headers["range"], last.headers["if-range"]) == (
        "/final?x=1",
        "bytes=5-",
        '"v1"',
    )


async def test_the_key_stays_at_its_origin(engine: HttpEngine) -> None:
    """Another port is another origin (RFC 6454 §4): its owner may be anyone."""
    async with serve(answer_final) as stranger:
        elsewhere = redirect(stranger.url("/final").full)
        async with serve(elsewhere) as server, carry(engine) as transport:
            _, body = await fetch(transport, keyed(server))
            assert body == b"final"
            assert server.calls[0].headers["authorization"] == "Bearer s3cret"
    assert "authorization" not in stranger.calls[0].headers
    assert KEY.secret not in str(stranger.calls[0].headers)


async def test_the_key_goes_along_within_its_origin(engine: HttpEngine) -> None:
    """An API may move a path; without the key it would refuse."""
    async with serve(redirect("/final")) as server, carry(engine) as transport:
        await fetch(transport, keyed(server))
        assert server.calls[1].headers["authorization"] == "Bearer s3cret"


async def test_the_key_does_not_come_back(engine: HttpEngine) -> None:
    """A stranger could choose what the key is used for."""

    async def start_or_final(call: Call) -> None:
        await redirect(stranger.url("/away").full)(call)

    async def send_back(call: Call) -> None:
        await redirect(server.url("/final").full)(call)

    async with (
        serve(send_back) as stranger,
        serve(start_or_final) as server,
        carry(engine) as transport,
    ):
        await fetch(transport, keyed(server))
        assert [call.target for call in server.calls] == ["/start", "/final"]
        assert "authorization" not in server.calls[1].headers


@pytest.mark.parametrize(
    "location", ["file:///etc/passwd", "ftp://127.0.0.1/x", "data:text/plain,x", "http:"]
)
async def test_a_redirect_leads_to_http_alone(engine: HttpEngine, location: str) -> None:
    """Nothing else is a media host."""
    async with serve(redirect(location)) as server, carry(engine) as transport:
        with pytest.raises((UrlRefusedError, RedirectError)):
            await fetch(transport, server.url("/start"))
        assert len(server.calls) == 1


@pytest.mark.parametrize("location", ["\x1b]0;x\x07", "http://a.example/\x7f", "/a\tb"])
def test_a_location_with_control_characters_is_no_url(location: str) -> None:
    """Encoded, it would be a path that nobody meant; raw, it would reach a terminal."""
    with pytest.raises(RedirectError, match="redirects to what is no URL"):
        redirected("http://a.example/start", location)


async def test_a_redirect_to_nowhere_is_an_error(engine: HttpEngine) -> None:
    """It is no answer to a download either."""

    async def shrug(call: Call) -> None:
        await call.answer(status=302)

    async with serve(shrug) as server, carry(engine) as transport:
        with pytest.raises(RedirectError, match=r"^127\.0\.0\.1: HTTP 302 without a readable Location$"):
            await fetch(transport, server.url("/start"))


async def test_a_circle_is_left_at_once(engine: HttpEngine) -> None:
    """Going round ten times tells nothing more."""
    async with serve(redirect("/start")) as server, carry(engine) as transport:
        with pytest.raises(RedirectError, match=r"^127\.0\.0\.1: redirects in a circle"):
            await fetch(transport, server.url("/start"))
        assert len(server.calls) == 1


async def test_redirects_come_to_an_end(engine: HttpEngine) -> None:
    """A trap that makes a new URL each time is no circle."""

    async def lead_on(call: Call) -> None:
        await redirect(call.target + "x")(call)

    async with serve(lead_on) as server, carry(engine, replace(LOCAL, redirects=3)) as transport:
        with pytest.raises(RedirectError, match=r"^127\.0\.0\.1: more than 3 redirects$"):
            await fetch(transport, server.url("/start"))
        assert len(server.calls) == 4


async def test_a_redirects_short_body_is_read_and_its_connection_used_again(engine: HttpEngine) -> None:
    """Otherwise each redirect costs a handshake."""
    async with serve(redirect("/final")) as server, carry(engine) as transport:
        await fetch(transport, server.url("/start"))
        assert server.connections == 1


async def test_a_redirects_long_body_is_not_read(engine: HttpEngine) -> None:
    """It is nobody's media, and may be endless."""

    async def drown(call: Call) -> None:
        if call.target == "/final":
            await call.answer(b"final")
            return
        await call.send(b"HTTP/1.1 302 Found\r\nLocation: /final\r\nContent-Length: 99999999\r\n\r\n")
        await call.until_gone()

    async with serve(drown) as server, carry(engine) as transport:
        assert (await fetch(transport, server.url("/start")))[1] == b"final"


async def no_body() -> AsyncIterator[bytes]:
    """Give no byte."""
    pieces: tuple[bytes, ...] = ()
    for piece in pieces:
        yield piece


def redirected(base: str, location: str) -> MediaUrl:
    """Return where a redirect from `base` leads."""
    head = Head(status=302, headers={"location": location})
    return find_target(Answer(url=MediaUrl.parse(base), head=head, body=no_body()))


def test_from_https_a_redirect_to_http_is_refused() -> None:
    """What was private and whole on the way would be neither."""
    with pytest.raises(RedirectError, match=r"^a\.example: redirects from https to http \(b\.example\)$"):
        redirected("https://a.example/x", "http://b.example/y")


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("https://b.example/y", "https://b.example/y"),
        ("//b.example/y", "https://b.example/y"),
        ("/y z/\u00e9?q=%2F", "https://a.example:8443/y%20z/%C3%A9?q=%2F"),
        ("?sig=a%2Bb", "https://a.example:8443/x?sig=a%2Bb"),
    ],
)
def test_a_location_is_read_as_browsers_do(location: str, target: str) -> None:
    """RFC 3986 §5.2; what is not allowed there and occurs is percent-encoded, and nothing else is touched."""
    assert redirected("https://a.example:8443/x", location).full == target


@pytest.mark.parametrize("location", ["http://[::1", "https://a.example:99999/", "https://u:p@a.example/"])
def test_a_location_that_is_no_url_is_refused(location: str) -> None:
    """Servers send anything."""
    with pytest.raises((RedirectError, UrlRefusedError)):
        redirected("https://a.example/x", location)
