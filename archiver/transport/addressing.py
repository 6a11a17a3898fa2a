"""The address guard: names are resolved here, once, and what may be connected to is decided here.

An engine connects to the addresses that this module gave it and resolves nothing itself, so a name that
answers with a public address first and a private one later (DNS rebinding) gains nothing.

Of a name with public and other addresses the public ones are used, not the whole refused: since only
checked addresses are connected to, refusing would protect nobody, and split-horizon DNS and NAT64
networks (which add an address to every name) would lose hosts that work.

Behind a proxy there is no address to check: names are the proxy's to resolve, and what they lead to is
for the proxy to allow. A literal private address is refused there, too.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from archiver.domain.addresses import IpAddress, is_public, parse_address, read_host
from archiver.domain.errors import AddressRefusedError, ConnectError

Resolver = Callable[[str], Awaitable[Sequence[str]]]
"""From a host's name to its addresses, the likeliest first. Raises `OSError`."""

# As long as many a CDN's records live; then load is spread anew.
_FRESH_S = 60.0
# A batch meets a handful of hosts. The bound is for a manifest that names a host a row.
_HOSTS = 256
# Tried in turn; more only draw out the failure of a host that is down.
_ADDRESSES = 4


async def ask_system(host: str) -> Sequence[str]:
    """Resolve as the system does, in its order (RFC 6724). Raises `OSError`."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [str(sockaddr[0]) for *_, sockaddr in found]


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressPolicy:
    """Where addresses come from and which of them may be connected to."""

    resolve: Resolver = ask_system
    permits: Callable[[IpAddress], bool] = is_public


@dataclass(slots=True)
class _Resolved:
    addresses: list[str] = field(default_factory=list)
    fresh_until_s: float = 0.0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class AddressGuard:
    """Gives the addresses at which a host may be reached."""

    def __init__(self, policy: AddressPolicy) -> None:
        self._policy = policy
        self._hosts: OrderedDict[str, _Resolved] = OrderedDict()

    def check_literal(self, host: str) -> str | None:
        """Return `host` where it is a permitted address, None for a name.

        Raises `AddressRefusedError` for any other address.
        """
        address = read_host(host)
        if address is None:
            return None
        if not self._policy.permits(address):
            msg = f"{host}: not a public address; --allow-private-hosts would allow it"
            raise AddressRefusedError(msg)
        return str(address)

    async def addresses(self, host: str) -> Sequence[str]:
        """Return the permitted addresses of `host`, the likeliest to answer first, at least one.

        Raises `AddressRefusedError` where there is none, `ConnectError` where there is no such host.
        """
        literal = self.check_literal(host)
        if literal is not None:
            return [literal]
        known = self._remember(host)
        async with known.lock:
            if time.monotonic() >= known.fresh_until_s:
                known.addresses = await self._resolve(host)
                known.fresh_until_s = time.monotonic() + _FRESH_S
        return tuple(known.addresses)

    def put_last(self, host: str, address: str) -> None:
        """Note that `address` did not answer: the next connection tries the others first."""
        known = self._hosts.get(host)
        if known and address in known.addresses:
            known.addresses.remove(address)
            known.addresses.append(address)

    def _remember(self, host: str) -> _Resolved:
        known = self._hosts.setdefault(host, _Resolved())
        self._hosts.move_to_end(host)
        if len(self._hosts) > _HOSTS:
            self._hosts.popitem(last=False)
        return known

    async def _resolve(self, host: str) -> list[str]:
        try:
            found = await self._policy.resolve(host)
        except OSError as error:
            msg = f"{host}: no address found: {error.strerror or 'the name does not resolve'}"
            raise ConnectError(msg) from error
        parsed = [address for address in map(parse_address, found) if address is not None]
        permitted = [str(address) for address in parsed if self._policy.permits(address)]
        if found and not permitted:
            msg = f"{host}: its address {found[0]!a} is not public; --allow-private-hosts would allow it"
            raise AddressRefusedError(msg)
        if not permitted:
            msg = f"{host}: no address found"
            raise ConnectError(msg)
        return list(dict.fromkeys(permitted))[:_ADDRESSES]
