"""The relay's API: `GET {api-base}/luma/generations/{task_id}` with a Bearer key."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import NoReturn

import msgspec

from archiver.domain.answer import read_answer, service_words
from archiver.domain.decoding import CODINGS, unpacked
from archiver.domain.errors import (
    ArchiverError,
    Disposition,
    KeyRefusedError,
    NotFoundError,
    ServiceRefusedError,
    StalledError,
    TooLargeError,
    TransferError,
    UsageError,
)
from archiver.domain.events import Observer, RetryScheduled
from archiver.domain.exchange import Answer, Request, Transport
from archiver.domain.generation import Generation
from archiver.domain.identity import ApiKey, GenerationId, MediaUrl
from archiver.domain.status import disposition_of, refusal
from archiver.domain.transfer import Head
from archiver.runtime.retrying import Retrier

_LONGEST_ANSWER_BYTES = 8_000_000
_HEADERS = {"accept": "application/json", "content-type": "application/json"}
_OK, _NOT_FOUND = 200, 404
_KEY_REFUSED = {401, 403}


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayOptions:
    """Where the relay is, the user's key, and how long one answer may take to come."""

    api_base: str
    api_key: ApiKey | None
    answer_timeout_s: float = 30.0


class Relay:
    """The provider of the relays that speak the page's API."""

    name = "relay"

    def __init__(
        self, options: RelayOptions, *, transport: Transport, retrier: Retrier, observer: Observer
    ) -> None:
        self.api_base = options.api_base.rstrip("/")
        self._key = options.api_key
        self._timeout_s = options.answer_timeout_s
        self._transport = transport
        self._retrier = retrier
        self._observer = observer
        # Until an answer has shown that the key is good, questions go one at a time: a refused key costs one.
        self._first_answer = asyncio.Lock()
        self._key_is_good = False
        self._refusal: KeyRefusedError | None = None

    async def resolve(self, generation_id: GenerationId) -> Generation:
        """Ask for one generation, again while that may help.

        Raises `ResolveError` or `TransferError` naming the generation, `KeyRefusedError`, or
        `UsageError` where there is no key to ask with.
        """
        try:
            return await self._retrier.run(
                lambda: self._ask(generation_id),
                on_retry=lambda error, pause_s: self._observer(
                    RetryScheduled(generation_id, "the API", error.record(), pause_s)
                ),
            )
        except TransferError as error:
            error.message = f"{generation_id}: {error.message}"
            raise

    def read(self, generation_id: GenerationId, answer: bytes) -> Generation:
        """Read an answer that was saved before. Raises `ResolveError`."""
        return read_answer(answer, generation_id)

    async def _ask(self, generation_id: GenerationId) -> Generation:
        if self._key_is_good:
            return await self._ask_once(generation_id)
        async with self._first_answer:
            if self._refusal:
                raise self._refusal
            try:
                generation = await self._ask_once(generation_id)
            except KeyRefusedError as refusal:
                self._refusal = refusal
                raise
            self._key_is_good = True
            return generation

    async def _ask_once(self, generation_id: GenerationId) -> Generation:
        request = self._request(generation_id)
        try:
            async with self._transport.open(request) as answer:
                body = await self._read(answer, generation_id)
        except TransferError as error:
            error.message = self._redact(error.message)
            raise
        if answer.head.status != _OK:
            self._refuse(generation_id, answer, body)
        # What a service echoes must not go into sidecars and messages.
        return read_answer(self._key.redact_json(body) if self._key else body, generation_id)

    def _redact(self, text: str) -> str:
        return self._key.redact(text) if self._key else text

    def _request(self, generation_id: GenerationId) -> Request:
        if self._key is None:
            msg = "no API key: set LUMA_API_KEY, or give --api-key-file FILE"
            raise UsageError(msg)
        url = MediaUrl.parse(f"{self.api_base}/luma/generations/{generation_id}")
        return Request(url=url, headers=_HEADERS, key=self._key, is_trusted=True)

    async def _read(self, answer: Answer, generation_id: GenerationId) -> bytes:
        """Read the body; a gateway may compress for everybody, and the limit is on what that unpacks to."""
        clock = self._retrier.clock
        until_s = clock.monotonic_s() + self._timeout_s
        coding = answer.head.encoding
        body = bytearray()
        async for piece in unpacked(answer.body, coding) if coding in CODINGS else answer.body:
            body += piece
            if len(body) > _LONGEST_ANSWER_BYTES:
                msg = f"{generation_id}: the API's answer is over {_LONGEST_ANSWER_BYTES // 1_000_000} MB"
                raise TooLargeError(msg)
            if clock.monotonic_s() > until_s:
                # One that drips is never silent for as long as a stall takes.
                msg = f"{answer.url.host}: no whole answer within {self._timeout_s:g} s"
                raise StalledError(msg)
        return bytes(body)

    def _refuse(self, generation_id: GenerationId, answer: Answer, body: bytes) -> NoReturn:
        head, words = answer.head, self._words(body)
        said = f": {words}" if words else ""
        if head.status in _KEY_REFUSED:
            if answer.url.origin != MediaUrl(self.api_base).origin:
                away = f"redirects to {answer.url.host}, which does not get the key (HTTP {head.status})"
                msg = f"{generation_id}: the API {away}: if that is the service, give it as --api-base"
                raise ServiceRefusedError(msg)
            msg = (
                f"the API refused the key (HTTP {head.status}){said}; look for the right one in your account"
            )
            raise KeyRefusedError(msg)
        raise self._error(generation_id, head, said)

    def _error(self, generation_id: GenerationId, head: Head, said: str) -> ArchiverError:
        if head.status == _NOT_FOUND:
            return NotFoundError(f"{generation_id}: the service does not know it (HTTP 404){said}")
        disposition = disposition_of(head.status)
        if disposition is Disposition.SKIP:
            return ServiceRefusedError(f"{generation_id}: the service refused (HTTP {head.status}){said}")
        retrier, words = self._retrier, f"the API answered HTTP {head.status}{said}"
        return refusal(words, head, disposition, now=retrier.clock.now(), policy=retrier.policy)

    def _words(self, body: bytes) -> str:
        try:
            words = service_words(msgspec.json.decode(body))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return ""
        return self._redact(words)
