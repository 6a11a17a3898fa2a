"""How to talk to the network. Importing this module imports no HTTP library."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from archiver.version import __version__


class HttpEngine(StrEnum):
    """Which library carries the bytes; `auto` is pyreqwest where it can be imported."""

    AUTO = "auto"
    PYREQWEST = "pyreqwest"
    HTTPX = "httpx"


@dataclass(frozen=True, slots=True, kw_only=True)
class TransportOptions:
    """What a transport can be told."""

    engine: HttpEngine = HttpEngine.AUTO
    proxy: str | None = None
    """`http://`, `https://` or `socks5://`, with or without `user:password@`."""
    allow_private_hosts: bool = False
    # What fills a home line; the media CDN serves a connection at a few MB/s.
    connections: int = 16
    """Requests open at once, and so connections in use."""
    # A handshake is a round trip or three: ten seconds are three lost packets, sent again.
    connect_timeout_s: float = 10.0
    """For each address of a host that is tried."""
    stall_timeout_s: float = 30.0
    """How long no byte may arrive, before the head of an answer and within its body."""
    # Fetch Standard §4.4 stops at 20, curl at 50; a signed URL is one or two hops away.
    redirects: int = 10
    user_agent: str = f"luma-archiver/{__version__}"
