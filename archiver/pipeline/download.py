"""One asset: from a URL to a staged file that has been looked into.

A download breaks, resumes and restarts as `domain.transfer` decides; this file only pumps bytes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import NoReturn

from archiver.domain.checks import Damaged, Measurement, NotMedia
from archiver.domain.decoding import Piece, unpacked
from archiver.domain.errors import (
    ArchiverError,
    BrokenError,
    Disposition,
    TooLargeError,
    TransferError,
    UrlRefusedError,
    WrongBodyError,
)
from archiver.domain.events import AssetStarted, BytesReceived, RetryScheduled
from archiver.domain.exchange import Answer, Request
from archiver.domain.generation import Asset
from archiver.domain.identity import AssetName, MediaUrl
from archiver.domain.quantity import show_size
from archiver.domain.status import status_error
from archiver.domain.transfer import (
    AlreadyComplete,
    Append,
    Head,
    Held,
    Refuse,
    Restart,
    Validator,
    plan_body,
)
from archiver.pipeline.doors import Doors, FetchOptions
from archiver.pipeline.source import UrlSource
from archiver.storage.writer import BodyWriter

_USABLE = {200, 206, 416}
# Of these RFC 9110 §15.5 and §15.6.2 say nothing that concerns the whole file: it is asked for next.
_PERHAPS_ABOUT_THE_RANGE = {400, 405, 406, 409, 412, 413, 417, 422, 431, 501}
# An image CDN negotiates: JPEG is what every viewer and loader reads.
_ACCEPT_IMAGE = "image/jpeg, image/png;q=0.9, image/webp;q=0.8, image/*;q=0.7, */*;q=0.1"
_ACCEPT_VIDEO = "video/mp4, video/*;q=0.9, */*;q=0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Downloaded:
    """A whole file, staged: what it holds, and where it came from."""

    path: Path
    size: int
    sha256: str
    url: MediaUrl
    validator: Validator
    inspection: Measurement | Damaged
    finished_at: datetime


class Download:
    """One asset on its way to disk."""

    def __init__(self, doors: Doors, options: FetchOptions, source: UrlSource, name: AssetName) -> None:
        self._doors = doors
        self._options = options
        self._source = source
        self._name = name
        self._partial = doors.archive.partial(source.generation.id, name)
        self._flawed_digest: str | None = None
        self.bytes_fetched = 0

    async def run(self) -> Downloaded:
        """Fetch the asset. Raises `TransferError` when it cannot be had, `RunError` when nothing can."""
        return await self._doors.retrier.run(
            self._attempt, on_retry=self._report_retry, held=lambda: self._partial.length
        )

    async def keep(self) -> None:
        """Let a later run go on with what is staged. Raises `ArchiveError`."""
        await self._partial.keep()

    def _report_retry(self, error: ArchiverError, pause_s: float) -> None:
        event = RetryScheduled(self._source.generation.id, self._name, error.record(), pause_s)
        self._doors.observer(event)

    async def _attempt(self) -> Downloaded:
        asset = await self._source.asset(self._name)
        seen = self._source.generation
        try:
            return await self._fetch(asset)
        except TransferError as error:
            if error.disposition is not Disposition.RE_RESOLVE or not await self._source.refresh(seen):
                raise
        return await self._fetch(await self._source.asset(self._name))

    async def _fetch(self, asset: Asset) -> Downloaded:
        if asset.url is None:
            raise UrlRefusedError(asset.error.message if asset.error else "no URL")
        held = await self._partial.recall(asset.url)
        if held is None or not held.is_whole:
            await self._receive(asset.url, held)
        return await self._look_into(asset.url)

    async def _receive(self, url: MediaUrl, held: Held | None) -> None:
        # What is held stays until the host has shown that it gives the whole file.
        if not await self._ask(url, held):
            await self._ask(url, None)

    async def _ask(self, url: MediaUrl, held: Held | None) -> bool:
        """Ask for what is not held and take it; tell whether the host did not refuse the part, as a part."""
        accept = _ACCEPT_VIDEO if self._name.is_video else _ACCEPT_IMAGE
        headers = {"accept": accept, **(held.request_headers if held else {})}
        async with self._doors.transport.open(Request(url=url, headers=headers)) as answer:
            if held and answer.head.status in _PERHAPS_ABOUT_THE_RANGE:
                return False
            if answer.head.status not in _USABLE:
                clock, policy = self._doors.retrier.clock, self._doors.retrier.policy
                raise status_error(answer.url, answer.head, now=clock.now(), policy=policy)
            await self._take(url, answer, held)
        return True

    async def _take(self, url: MediaUrl, answer: Answer, held: Held | None) -> None:
        match plan_body(held, answer.head):
            case AlreadyComplete():
                return
            case Refuse(reason):
                await self._discard_and_break(f"{url.host}: {reason}")
            case Restart(total, coding=""):
                await self._write(url, answer, Append(start=0, overlap=0, total=total))
            case Restart(_, coding):
                await self._write_unpacked(url, answer, coding)
            case Append() as plan:
                await self._write(url, answer, plan)

    async def _discard_and_break(self, reason: str) -> NoReturn:
        """Let the next try begin with nothing. Raises `BrokenError`."""
        await self._partial.discard()
        raise BrokenError(reason)

    async def _write_unpacked(self, url: MediaUrl, answer: Answer, coding: str) -> None:
        """Write the body without its coding: what the head says of the coded one holds no more."""
        head = Head(status=answer.head.status, headers={})
        plain = replace(answer, head=head, body=unpacked(answer.body, coding))
        try:
            await self._write(url, plain, Append(start=0, overlap=0, total=None))
        except TransferError:
            # A host that codes whole files codes parts as well, and those continue nothing.
            await self._partial.discard()
            raise

    async def _write(self, url: MediaUrl, answer: Answer, plan: Append) -> None:
        self._refuse_too_large(plan.total or 0)
        held = await self._partial.tail(plan.overlap)
        surplus = await self._read_overlap(answer.body, held)
        offset = plan.start + plan.overlap
        self._doors.observer(AssetStarted(self._source.generation.id, self._name, plan.total, offset))
        known = self._partial.source(url, answer.head.validator, plan.total)
        try:
            async with self._partial.appending(at=offset, source=known) as writer:
                await self._pump(_chain(surplus, answer.body), writer)
        except TooLargeError:
            # A body that does not end would only come to the limit again.
            await self._partial.discard()
            raise
        if plan.total is not None and self._partial.length != plan.total:
            msg = f"{url.host}: the body ended at {self._partial.length} of {plan.total} bytes"
            raise BrokenError(msg)

    async def _pump(self, body: AsyncIterator[Piece], writer: BodyWriter) -> None:
        async for piece in body:
            self._refuse_too_large(writer.length + len(piece))
            await writer.write(piece)
            self.bytes_fetched += len(piece)
            self._doors.observer(BytesReceived(len(piece)))

    async def _read_overlap(self, body: AsyncIterator[Piece], held: bytes) -> bytes:
        """Read as many bytes as are `held` and compare; return what came beyond them."""
        found = bytearray()
        while len(found) < len(held):
            piece = await anext(body, b"")
            if not piece:
                msg = "the body ended before it came to anything new"
                raise BrokenError(msg)
            found += piece
        if not found.startswith(held):
            await self._discard_and_break("the file changed since its first part was fetched")
        return bytes(found[len(held) :])

    def _refuse_too_large(self, size: int) -> None:
        if size > self._options.max_asset_size:
            msg = f"over {show_size(self._options.max_asset_size)} (--max-asset-size)"
            raise TooLargeError(msg)

    async def _look_into(self, url: MediaUrl) -> Downloaded:
        staged = await self._partial.seal()
        inspection = await self._doors.inspector.inspect(staged.path, size=staged.size)
        if isinstance(inspection, NotMedia):
            await self._partial.discard()
            msg = f"{url.host} sent {inspection.reason} instead of {_wanted(self._name)}"
            raise WrongBodyError(msg)
        flaw = _find_flaw(self._name, inspection)
        if flaw and not self._note_flaw(staged.sha256):
            await self._discard_and_break(f"{url.host} sent {flaw}")
        return Downloaded(
            path=staged.path,
            size=staged.size,
            sha256=staged.sha256,
            url=url,
            validator=staged.validator,
            inspection=inspection,
            finished_at=self._doors.retrier.clock.now(),
        )

    def _note_flaw(self, digest: str) -> bool:
        """Take note of flawed bytes; tell whether they are the source's own.

        They are where the very same came twice, or where they are not asked for again.
        """
        came_before = self._flawed_digest == digest
        self._flawed_digest = digest
        return came_before or self._doors.retrier.policy.retries == 0


def _wanted(name: AssetName) -> str:
    return "a video" if name.is_video else "an image"


def _find_flaw(name: AssetName, found: Measurement | Damaged) -> str | None:
    """Return what makes the file suspect: it is damaged, or an image stands where a video belongs."""
    if isinstance(found, Damaged):
        return f"a damaged file: {found.reason}"
    if found.kind.is_video != name.is_video:
        return f"{found.kind.media_type} instead of {_wanted(name)}"
    return None


async def _chain(first: bytes, rest: AsyncIterator[Piece]) -> AsyncIterator[Piece]:
    if first:
        yield first
    async for piece in rest:
        yield piece
