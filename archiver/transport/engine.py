"""What an HTTP library must give to be an engine: a transport in httpx's shape, and its errors in ours."""

from __future__ import annotations

from enum import Enum
from typing import Protocol

import httpx

from archiver.domain.errors import UsageError

# How long a connection is kept for the next request: nginx closes after 75 s, many load balancers after 60 s.
KEEP_ALIVE_S = 30.0
NO_PROXY = "--proxy: not a proxy's URL: write http://, https:// or socks5://HOST:PORT"
_REASON_CHARACTERS = 120


class Failure(Enum):
    """What an engine's errors come down to."""

    UNREACHABLE = "no connection"
    LATE = "no connection in time"
    SILENT = "no byte in time"
    BROKEN = "a connection that broke"


class Engine(Protocol):
    """A library that carries requests.

    Its transport neither follows redirects, nor decodes bodies, nor reads the environment's proxies.
    """

    @property
    def transport(self) -> httpx.AsyncBaseTransport:
        """What httpx sends through."""

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """What the library raises, on sending and while a body is iterated over."""

    def diagnose(self, error: Exception) -> tuple[Failure, str]:
        """Return what one of `errors` means, and the library's own reason, fit to be shown."""


def parse_proxy(text: str) -> httpx.Proxy:
    """Return a proxy from its URL.

    Raises `UsageError`, which does not repeat the URL: it may hold a password.
    """
    try:
        proxy = httpx.Proxy(text)
    except (ValueError, httpx.InvalidURL) as error:
        raise UsageError(NO_PROXY) from error
    if not proxy.url.host:
        raise UsageError(NO_PROXY)
    return proxy


def show_reason(text: str) -> str:
    """Return a library's words fit for one line of a message.

    A text with a URL in it is left out: the URL's query may be a signature.
    """
    if "://" in text:
        return "no reason given"
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line[:_REASON_CHARACTERS] or "no reason given"
