"""Which hosts a stranger's URL may lead to: those with public addresses alone.

The rules:

1. A host is an IP address in its one canonical spelling, or a DNS name. `127.1`, `0x7f.1`, `2130706433`
   and `ex%61mple.com` are neither: parsers disagree about them, and a check of one reading guards
   nothing against a connection to the other.
2. An address is public where it is unicast and the IANA special-purpose registries
   (RFC 6890 and its successors) do not set it aside.
3. For IPv6 this is 2000::/3, all that is allotted as global unicast, less what is set aside in it. So
   every form that carries an IPv4 address in itself (mapped, compatible, NAT64, 6to4, Teredo) is refused:
   what such an address reaches is for a gateway to say, not for its own bits.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from archiver.domain.errors import AddressRefusedError

IpAddress = IPv4Address | IPv6Address

_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", re.IGNORECASE)
# A last label that is a number makes a WHATWG parser read the whole as IPv4 (URL Standard §3.5).
_NUMBER_AT_THE_END = re.compile(r"(?:.*\.)?(?:\d+|0x[0-9a-f]*)\.?", re.IGNORECASE)
_SHOWN_CHARACTERS = 60

_IPV4_SET_ASIDE = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",  # this network, RFC 791
            "10.0.0.0/8",  # private, RFC 1918
            "100.64.0.0/10",  # carrier-grade NAT, RFC 6598
            "127.0.0.0/8",  # loopback, RFC 1122
            "169.254.0.0/16",  # link-local, RFC 3927; clouds serve their credentials here
            "172.16.0.0/12",  # private, RFC 1918
            "192.0.0.0/24",  # protocol assignments, RFC 6890
            "192.0.2.0/24",  # documentation, RFC 5737
            "192.88.99.0/24",  # 6to4 relays, RFC 7526
            "192.168.0.0/16",  # private, RFC 1918
            "198.18.0.0/15",  # benchmarks, RFC 2544
            "198.51.100.0/24",  # documentation, RFC 5737
            "203.0.113.0/24",  # documentation, RFC 5737
            "224.0.0.0/4",  # multicast, RFC 5771
            "240.0.0.0/4",  # reserved, and broadcast, RFC 1112
        ),
    )
)
_IPV6_GLOBAL_UNICAST = IPv6Network("2000::/3")
_IPV6_SET_ASIDE = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # protocol assignments, Teredo among them, RFC 2928 and 4380
            "2001:db8::/32",  # documentation, RFC 3849
            "2002::/16",  # 6to4, RFC 3056
            "3fff::/20",  # documentation, RFC 9637
        ),
    )
)


def read_host(host: str) -> IpAddress | None:
    """Return the address that a URL's host is (IPv6 without brackets), or None for a DNS name.

    Raises `AddressRefusedError` for a host that is neither.
    """
    address = parse_address(host)
    if address is None and (_NUMBER_AT_THE_END.fullmatch(host) or not _is_name(host)):
        msg = f"{host[:_SHOWN_CHARACTERS]!a} is neither a host name nor an IP address in its usual spelling"
        raise AddressRefusedError(msg)
    return address


def parse_address(text: str) -> IpAddress | None:
    """Return `text` as an address, or None; one with a zone (`fe80::1%eth0`) is none."""
    try:
        return None if "%" in text else ip_address(text)
    except ValueError:
        return None


def _is_name(host: str) -> bool:
    """Tell whether `host` is made of letters, digits, hyphens and underscores (RFC 1035 §2.3.1)."""
    labels = host.removesuffix(".").split(".")
    return len(host) <= 253 and all(map(_LABEL.fullmatch, labels))  # noqa: PLR2004 - RFC 1035 §2.3.4


def is_public(address: IpAddress) -> bool:
    """Tell whether `address` can be a host on the public Internet."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _IPV4_SET_ASIDE)
    return address in _IPV6_GLOBAL_UNICAST and not any(address in network for network in _IPV6_SET_ASIDE)
