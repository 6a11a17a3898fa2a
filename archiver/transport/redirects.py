"""Redirects (RFC 9110 §15.4), followed by us, so that each hop is held to the rules of the first.

A hop may lead to http and https alone, not from https to http, and not in a circle. The key and the
trust in a private address go as far as the first URL's origin, and are not taken up again once left.
"""

from __future__ import annotations

import string
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from urllib.parse import quote, urljoin

from archiver.domain.errors import RedirectError, UrlRefusedError
from archiver.domain.exchange import Answer, Request, Transport
from archiver.domain.identity import MediaUrl

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# A redirect's body up to this long is read, since its connection can then be used again.
_READ_BYTES = 4096


class Redirecting:
    """A transport that follows another's redirects."""

    def __init__(self, transport: Transport, limit: int) -> None:
        self._transport = transport
        self._limit = limit

    @asynccontextmanager
    async def open(self, request: Request) -> AsyncIterator[Answer]:
        """Send the request and follow to its final answer. Raises `TransferError`."""
        hop, seen = request, {request.url.full}
        for _ in range(self._limit + 1):
            async with self._transport.open(hop) as answer:
                if answer.head.status not in _REDIRECTS:
                    yield answer
                    return
                target = find_target(answer)
                await _read_short(answer)
            if target.full in seen:
                msg = f"{request.url.host}: redirects in a circle, by way of {target.host}"
                raise RedirectError(msg)
            seen.add(target.full)
            hop = lead_on(hop, target)
        msg = f"{request.url.host}: more than {self._limit} redirects"
        raise RedirectError(msg)


def find_target(answer: Answer) -> MediaUrl:
    """Return where a redirect leads.

    Raises `RedirectError` for nowhere and for from https to http, `UrlRefusedError` for no http(s) URL.
    """
    location = answer.head.headers.get("location", "").strip()
    if not location:
        msg = f"{answer.url.host}: HTTP {answer.head.status} without a readable Location"
        raise RedirectError(msg)
    if not location.isprintable():
        msg = f"{answer.url.host}: redirects to what is no URL"
        raise RedirectError(msg)
    # Spaces and letters beyond ASCII are not allowed there, and occur; browsers encode them, too.
    target = _join(answer.url, quote(location, safe=string.punctuation))
    if answer.url.parts.scheme == "https" and target.parts.scheme != "https":
        msg = f"{answer.url.host}: redirects from https to http ({target.host})"
        raise RedirectError(msg)
    return target


def lead_on(hop: Request, target: MediaUrl) -> Request:
    """Return the request for the next hop: without key and trust where it leaves the origin."""
    stays = target.origin == hop.url.origin
    return replace(hop, url=target, key=hop.key if stays else None, is_trusted=hop.is_trusted and stays)


def _join(base: MediaUrl, location: str) -> MediaUrl:
    try:
        return MediaUrl.parse(urljoin(base.full, location))
    except UrlRefusedError as error:
        msg = f"{base.host}: redirects to {error.message}"
        raise UrlRefusedError(msg) from error
    except ValueError as error:
        msg = f"{base.host}: redirects to what is no URL"
        raise RedirectError(msg) from error


async def _read_short(answer: Answer) -> None:
    length = answer.head.content_length
    if length is not None and length <= _READ_BYTES:
        async for _ in answer.body:
            pass
