"""The guard's memory: one question a minute for each host, whoever asks."""

from __future__ import annotations

import asyncio
import socket

import pytest

from archiver.domain.errors import AddressRefusedError, ConnectError
from archiver.transport.addressing import AddressGuard, AddressPolicy, ask_system


class Book:
    """A resolver that knows every name, waits to be told to answer, and counts the questions."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = list(addresses)
        self.asked: list[str] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def __call__(self, host: str) -> list[str]:
        """Answer when allowed."""
        self.asked.append(host)
        await self.may_answer.wait()
        if not self.addresses:
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return self.addresses


async def test_many_who_ask_at_once_share_one_answer() -> None:
    """A batch begins with sixteen requests to one host; the resolver's threads are few."""
    book = Book("1.1.1.1")
    book.may_answer.clear()
    guard = AddressGuard(AddressPolicy(resolve=book))
    questions = [asyncio.create_task(guard.addresses("media.example")) for _ in range(16)]
    await asyncio.sleep(0)
    book.may_answer.set()
    assert {tuple(found) for found in await asyncio.gather(*questions)} == {("1.1.1.1",)}
    assert book.asked == ["media.example"]


async def test_one_who_is_cancelled_leaves_the_question_to_the_others() -> None:
    """A generation that is given up must not take its neighbours' host along."""
    book = Book("1.1.1.1")
    book.may_answer.clear()
    guard = AddressGuard(AddressPolicy(resolve=book))
    first, second = (asyncio.create_task(guard.addresses("media.example")) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    book.may_answer.set()
    assert list(await second) == ["1.1.1.1"]
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_a_failure_is_not_remembered() -> None:
    """The next try may find the resolver well again."""
    book = Book()
    guard = AddressGuard(AddressPolicy(resolve=book))
    with pytest.raises(ConnectError, match=r"^media\.example: no address found: Temporary failure"):
        await guard.addresses("media.example")
    book.addresses = ["1.1.1.1"]
    assert list(await guard.addresses("media.example")) == ["1.1.1.1"]


async def test_an_address_that_did_not_answer_goes_to_the_end() -> None:
    """Otherwise every connection of the next minute waits for it first."""
    guard = AddressGuard(AddressPolicy(resolve=Book("1.1.1.1", "1.0.0.1", "1.1.1.1")))
    assert list(await guard.addresses("media.example")) == ["1.1.1.1", "1.0.0.1"]
    guard.put_last("media.example", "1.1.1.1")
    assert list(await guard.addresses("media.example")) == ["1.0.0.1", "1.1.1.1"]


async def test_a_host_of_many_addresses_is_given_up_after_a_few() -> None:
    """With ten seconds for each, a host that is down would take the night."""
    guard = AddressGuard(AddressPolicy(resolve=Book(*(f"1.1.1.{n}" for n in range(1, 60)))))
    assert len(await guard.addresses("media.example")) == 4


async def test_hosts_are_forgotten_in_the_end() -> None:
    """A manifest of a million rows may name a million hosts."""
    book = Book("1.1.1.1")
    guard = AddressGuard(AddressPolicy(resolve=book))
    for number in range(300):
        await guard.addresses(f"h{number}.example")
    await guard.addresses("h299.example")
    assert len(book.asked) == 300
    await guard.addresses("h0.example")
    assert len(book.asked) == 301


async def test_the_systems_resolver_is_held_to_the_same() -> None:
    """`localhost` is the one name that every machine knows (RFC 6761 §6.3)."""
    with pytest.raises(
        AddressRefusedError, match=r"^localhost: its address '(127\.0\.0\.1|::1)' is not public"
    ):
        await AddressGuard(AddressPolicy(resolve=ask_system)).addresses("localhost")
