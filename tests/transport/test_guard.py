"""The address guard over real sockets. All is loopback here: 127.0.0.2 plays the public Internet."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from ipaddress import IPv4Address

import pytest

from archiver.domain.addresses import IpAddress
from archiver.domain.errors import AddressRefusedError, ConnectError, TransferError, UrlRefusedError
from archiver.domain.exchange import Request
from archiver.domain.identity import MediaUrl
from archiver.transport.addressing import AddressPolicy
from archiver.transport.options import HttpEngine, TransportOptions
from tests.transport.carrying import LOCAL, carry, fetch
from tests.transport.servers import Call, Server, serve

STRICT = TransportOptions(stall_timeout_s=2.0, connect_timeout_s=2.0)
PUBLIC, PRIVATE = "127.0.0.2", "127.0.0.1"


def is_public_here(address: IpAddress) -> bool:
    """Take 127.0.0.2 and 127.0.0.3 for public, and nothing else."""
    return address in {IPv4Address("127.0.0.2"), IPv4Address("127.0.0.3")}


class Names:
    """A resolver that gives its answers in turn, the last one for ever, and counts the questions."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    async def __call__(self, host: str) -> list[str]:
        """Answer."""
        self.asked.append(host)
        return self.answers[min(len(self.asked), len(self.answers)) - 1]

    @property
    def policy(self) -> AddressPolicy:
        """The policy that resolves with this, and permits what is public here."""
        return AddressPolicy(resolve=self, permits=is_public_here)


async def say_where(call: Call) -> None:
    """Answer with the address that was connected to."""
    await call.answer(call.writer.get_extra_info("sockname")[0].encode())


@asynccontextmanager
async def serve_both() -> AsyncIterator[tuple[Server, Server]]:
    """Serve one port at the public and at the private address."""
    async with AsyncExitStack() as stack:
        yield await _serve_both(stack)


async def _serve_both(stack: AsyncExitStack) -> tuple[Server, Server]:
    for _ in range(10):
        public = await stack.enter_async_context(serve(say_where, address=PUBLIC))
        # At the other address somebody may have that port.
        with suppress(OSError):
            private = await stack.enter_async_context(serve(say_where, address=PRIVATE, port=public.port))
            return public, private
    pytest.fail("no port is free at both addresses")


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "LOCALHOST",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "127.1",
        "127.0.0.1.",
        "0x7f.1",
        "0x7f000001",
        "2130706433",
        "0177.0.0.1",
        "0",
        "0.0.0.0",  # noqa: S104 - nothing is bound; Linux connects it to loopback
        "[::]",
        "127.0.0.1%00.example.com",
        "%31%32%37.0.0.1",
        "127.0.0.1\\.example.com",
    ],
)
async def test_a_private_address_is_refused_however_it_is_written(engine: HttpEngine, host: str) -> None:
    """A URL in an answer must not reach what listens on this machine (CWE-918)."""
    async with serve(say_where) as server, carry(engine, STRICT) as transport:
        with pytest.raises((AddressRefusedError, UrlRefusedError)) as caught:
            await fetch(transport, MediaUrl.parse(f"http://{host}:{server.port}/x?Signature=s1gned"))
        assert not server.connections
    assert caught.value.message.isprintable()
    assert "s1gned" not in caught.value.message


async def test_private_hosts_can_be_allowed(engine: HttpEngine) -> None:
    """`--allow-private-hosts` is for media on one's own network."""
    async with serve(say_where) as server, carry(engine, LOCAL) as transport:
        assert (await fetch(transport, server.url(host="localhost")))[1] == b"127.0.0.1"


async def test_a_redirect_to_a_private_address_is_refused(engine: HttpEngine) -> None:
    """The first host may be public and its answer the attack."""

    async def betray(call: Call) -> None:
        await call.answer(status=302, headers=f"Location: {private.url().full}\r\n")

    async with (
        serve(say_where, address=PRIVATE) as private,
        serve(betray, address=PUBLIC) as public,
        carry(engine, STRICT, Names().policy) as transport,
    ):
        with pytest.raises(AddressRefusedError, match=r"^127\.0\.0\.1: not a public address"):
            await fetch(transport, public.url())
        assert (public.connections, private.connections) == (1, 0)


async def test_a_trusted_base_may_be_private(engine: HttpEngine) -> None:
    """The user typed `--api-base`, perhaps of a relay in the same house."""
    async with serve(say_where) as server, carry(engine, STRICT) as transport:
        _, body = await fetch(transport, Request(url=server.url(host="localhost"), is_trusted=True))
    assert body == b"127.0.0.1"


async def test_trust_does_not_follow_a_redirect_to_another_origin(engine: HttpEngine) -> None:
    """The user typed the base, not what it redirects to."""

    async def betray(call: Call) -> None:
        await call.answer(status=302, headers=f"Location: {other.url().full}\r\n")

    async with serve(say_where) as other, serve(betray) as base, carry(engine, STRICT) as transport:
        with pytest.raises(AddressRefusedError):
            await fetch(transport, Request(url=base.url(), is_trusted=True))
        assert not other.connections


async def test_a_trusted_connection_serves_no_stranger(engine: HttpEngine) -> None:
    """It stands open to a private address: a media URL that names the same origin must not ride on it."""
    async with serve(say_where) as server, carry(engine, STRICT) as transport:
        await fetch(transport, Request(url=server.url(), is_trusted=True))
        with pytest.raises(AddressRefusedError):
            await fetch(transport, server.url())
        assert len(server.calls) == 1


async def test_a_name_that_changes_its_mind_gains_nothing(engine: HttpEngine) -> None:
    """DNS rebinding: public for the check, private for the connection. There is one answer for both."""
    names = Names([PUBLIC], [PRIVATE])
    async with serve_both() as (public, private), carry(engine, STRICT, names.policy) as transport:
        for _ in range(3):
            _, body = await fetch(transport, public.url(host="rebind.example"))
            assert body == b"127.0.0.2"
    assert (names.asked, private.connections) == (["rebind.example"], 0)


async def test_of_a_name_only_the_public_addresses_are_used(engine: HttpEngine) -> None:
    """Private ones beside them occur on split-horizon networks, and first in the list."""
    names = Names([PRIVATE, "fe80::1%eth0", PUBLIC])
    async with serve_both() as (public, private), carry(engine, STRICT, names.policy) as transport:
        assert (await fetch(transport, public.url(host="split.example")))[1] == b"127.0.0.2"
        assert not private.connections


async def test_a_name_with_private_addresses_alone_is_refused(engine: HttpEngine) -> None:
    """`localhost.attacker.example` is as private as what it points to."""
    async with serve(say_where) as server, carry(engine, STRICT, Names([PRIVATE]).policy) as transport:
        with pytest.raises(AddressRefusedError, match=r"^intranet\.example: its address '127\.0\.0\.1'"):
            await fetch(transport, server.url(host="intranet.example"))
        assert not server.connections


async def test_the_next_address_is_tried_where_one_does_not_answer(engine: HttpEngine) -> None:
    """One of a CDN's machines is always down; and once known to be, it is not asked first again."""
    names = Names(["127.0.0.3", PUBLIC])
    async with serve(say_where, address=PUBLIC) as server, carry(engine, STRICT, names.policy) as transport:
        assert (await fetch(transport, server.url(host="cdn.example")))[1] == b"127.0.0.2"
        assert (await fetch(transport, server.url(host="cdn.example")))[1] == b"127.0.0.2"
        assert server.calls[0].headers["host"] == f"cdn.example:{server.port}"


async def test_an_address_that_answers_badly_is_not_passed_over(engine: HttpEngine) -> None:
    """Another machine is for no connection; a broken answer is the retry's to handle."""

    async def close(call: Call) -> None:
        call.close()

    names = Names([PUBLIC, "127.0.0.3"])
    async with (
        serve(close, address=PUBLIC) as broken,
        serve(say_where, address="127.0.0.3", port=broken.port) as whole,
        carry(engine, STRICT, names.policy) as transport,
    ):
        with pytest.raises(TransferError):
            await fetch(transport, broken.url(host="cdn.example"))
        assert not whole.connections


async def test_where_no_address_answers_the_last_ones_error_is_told(engine: HttpEngine) -> None:
    """All were tried."""
    with socket.socket() as reserved:
        reserved.bind((PUBLIC, 0))
        url = MediaUrl.parse(f"http://cdn.example:{reserved.getsockname()[1]}/")
        async with carry(engine, STRICT, Names(["127.0.0.3", PUBLIC]).policy) as transport:
            with pytest.raises(ConnectError, match=r"^cdn\.example: no connection: connection refused$"):
                await fetch(transport, url)
