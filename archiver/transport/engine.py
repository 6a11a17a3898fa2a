"""What an HTTP library must give to be an engine: a request's answer as it comes, and its errors in ours.

Not httpx's client around it: cookies, authentication, decoding and redirects are what a request here is not
to have, and passing through what is switched off took as long as the rest of a request (docs/performance.md).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Protocol

from archiver.domain.errors import UrlRefusedError, UsageError
from archiver.domain.identity import MediaUrl

if TYPE_CHECKING:
    import httpx

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer's head, its body as it arrives, and how the connection is given back.

    Header names are in lower case; one that came twice is there twice.
    """

    status: int
    headers: Iterable[tuple[str, str]]
    body: AsyncIterator[bytes]
    close: Callable[[], Awaitable[None]]


class Engine(Protocol):
    """A library that carries requests.

    It neither follows redirects, nor decodes bodies, nor keeps cookies, nor reads the environment's proxies.
    """

    async def send(self, url: MediaUrl, headers: Mapping[str, str]) -> Reply:
        """Send a GET and wait for the head of its answer.

        Raises `errors`, what the address guard raises, and `UrlRefusedError` for what cannot be asked for.
        """

    async def close(self) -> None:
        """Close all connections."""

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """What the library raises, on sending and while a body is iterated over."""

    def diagnose(self, error: Exception) -> tuple[Failure, str]:
        """Return what one of `errors` means, and the library's own reason, fit to be shown."""


def parse_proxy(text: str) -> httpx.Proxy:
    """Return a proxy from its URL.

    Raises `UsageError`, which does not repeat the URL: it may hold a password.
    """
    import httpx  # noqa: PLC0415 - 0.2 s, for those alone who have a proxy

    try:
        proxy = httpx.Proxy(text)
    except (ValueError, httpx.InvalidURL) as error:
        raise UsageError(NO_PROXY) from error
    if not proxy.url.host:
        raise UsageError(NO_PROXY)
    return proxy


def refused_url(url: MediaUrl) -> UrlRefusedError:
    """Return the error for a URL that a library takes for none."""
    return UrlRefusedError(f"{url.host}: not a URL that can be asked for")


def show_reason(text: str) -> str:
    """Return a library's words fit for one line of a message.

    A text with a URL in it is left out: the URL's query may be a signature.
    """
    if "://" in text:
        return "no reason given"
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line[:_REASON_CHARACTERS] or "no reason given"
