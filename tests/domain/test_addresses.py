"""Which addresses are public, and which hosts have only one reading."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.domain.addresses import is_public, parse_address, read_host
from archiver.domain.errors import AddressRefusedError

NOT_PUBLIC = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "::/8",  # unspecified, loopback, IPv4-compatible, IPv4-mapped
    "64:ff9b::/96",  # NAT64, RFC 6052
    "64:ff9b:1::/48",  # local-use NAT64, RFC 8215
    "100::/64",  # discard only, RFC 6666
    "2001::/32",  # Teredo, RFC 4380
    "2001:2::/48",  # benchmarks, RFC 5180
    "2001:10::/28",  # ORCHID, RFC 4843
    "2001:db8::/32",
    "2002::/16",  # 6to4
    "3fff::/20",  # documentation, RFC 9637
    "5f00::/16",  # segment routing, RFC 9602
    "fc00::/7",  # unique local
    "fe80::/10",  # link-local
    "fec0::/10",  # site-local
    "ff00::/8",  # multicast
]
FORMER_SPELLINGS = st.sampled_from(["{0}", "{0}.{3}", "{0}.{1}.{3}", "0x7f.{3}", "0{0}.{1}.{2}.{3}"])

octets = st.integers(min_value=0, max_value=255)
public_ipv4 = st.ip_addresses(v=4).filter(is_public)


@st.composite
def inside(draw: st.DrawFn, networks: st.SearchStrategy[str]) -> str:
    """Draw an address of one of these networks."""
    return str(draw(st.ip_addresses(network=draw(networks))))


@given(text=inside(st.sampled_from(NOT_PUBLIC)))
def test_nothing_that_is_set_aside_is_public(text: str) -> None:
    """IANA's special-purpose registries and what is not allotted: no media host has such an address."""
    assert not is_public(ip_address(text))


@pytest.mark.parametrize("network", NOT_PUBLIC)
def test_a_network_is_set_aside_to_its_edges(network: str) -> None:
    """An off-by-one in a prefix lets half a network through."""
    whole = IPv6Network(network) if ":" in network else IPv4Network(network)
    assert not is_public(whole[0])
    assert not is_public(whole[-1])


@pytest.mark.parametrize(
    "text",
    [
        "1.1.1.1",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "169.253.255.255",
        "172.15.255.255",
        "172.32.0.0",
        "192.167.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "2001:200::",
        "2606:4700::1111",
        "2a00:1450:4001::1",
    ],
)
def test_the_public_internet_is_public(text: str) -> None:
    """A guard that refuses CDNs is switched off by its users."""
    assert is_public(ip_address(text))


@given(address=public_ipv4)
def test_an_ipv4_address_inside_an_ipv6_address_is_not_public(address: IPv4Address) -> None:
    """Mapped, compatible, NAT64, 6to4, Teredo: a gateway says where they lead, even a public one."""
    bits = int(address)
    forms = (0xFFFF << 32 | bits, bits, 0x64FF9B << 96 | bits, 0x2002 << 112 | bits << 80)
    assert not any(is_public(IPv6Address(form)) for form in (*forms, 0x20010000 << 96 | ~bits & 0xFFFFFFFF))


@given(address=st.ip_addresses())
def test_an_address_in_its_usual_spelling_is_read(address: IPv4Address | IPv6Address) -> None:
    """Both families, as `str` writes them."""
    assert read_host(str(address)) == address


@given(
    spelling=FORMER_SPELLINGS,
    numbers=st.tuples(octets, octets, octets, octets),
    dot=st.sampled_from(["", "."]),
)
def test_a_number_that_is_not_an_address_is_refused(
    spelling: str, numbers: tuple[int, int, int, int], dot: str
) -> None:
    """`127.1` and its like: inet_aton(3) and the URL Standard read an address, DNS a name."""
    with pytest.raises(AddressRefusedError):
        read_host(spelling.format(*numbers) + dot)


@pytest.mark.parametrize(
    "host",
    [
        "",
        ".",
        "a..b",
        ".a",
        "a b",
        "a/b",
        "a\\b",
        "ex%61mple.com",
        "[::1]",
        "fe80::1%eth0",
        "::1%1",
        "-a.example",
        "a" * 64 + ".example",
        "a." * 127 + "com",
        "a.0x",
        "a.0x7f",
        "a.1",
        "café.example",
        "a\nb",
        "a@b",
        "a:80",
    ],
)
def test_what_is_neither_a_name_nor_an_address_is_refused(host: str) -> None:
    """Two parsers may find two hosts in it; the message shows it in ASCII."""
    with pytest.raises(AddressRefusedError) as caught:
        read_host(host)
    assert caught.value.message.isascii()
    assert caught.value.message.isprintable()


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "storage.cdn-luma.com",
        "STORAGE.example",
        "a_b.s3.example",
        "xn--mnchen-3ya.example",
        "1e100.net",
        "example.com.",
        "0x7f.example",
        "127.0.0.1.nip.io",
    ],
)
def test_a_name_is_a_name(host: str) -> None:
    """Whether it is public is for its addresses to say."""
    assert read_host(host) is None


@given(text=st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    """A host comes from outside: nothing but these three ends."""
    try:
        found = read_host(text)
    except AddressRefusedError:
        return
    assert found is None or found == parse_address(text)
