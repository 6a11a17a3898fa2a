"""A request and its answer, as the floors above the network see them; no HTTP library shows through."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol

from archiver.domain.decoding import Piece
from archiver.domain.identity import ApiKey, MediaUrl
from archiver.domain.transfer import Head


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A GET: `headers` in lower case; `key` goes to the URL's own origin alone.

    `is_trusted` is for a base that the user typed: its host may have a private address.
    """

    url: MediaUrl
    headers: Mapping[str, str] = field(default_factory=dict)
    key: ApiKey | None = None
    is_trusted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer whose head is here and whose body is still to be read, once, in pieces of any size.

    `url` is where it came from, after redirects. Iterating over `body` raises `TransferError` alone.
    """

    url: MediaUrl
    head: Head
    body: AsyncIterator[Piece]


class Transport(Protocol):
    """Whatever can carry a request."""

    def open(self, request: Request) -> AbstractAsyncContextManager[Answer]:
        """Send the request and wait for the head of its final answer, whatever its status.

        Redirects are followed. Entering raises `TransferError`; leaving gives the connection back.
        """
