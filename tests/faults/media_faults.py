"""The table of media faults: what the host does to the video, and how that must end.

Most rows are about a file of `SIZE` bytes that breaks at `HALF`, in one of the ways in which it can go on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum

from tests.faults.oddities import (
    ClaimsCoding,
    ConnectionClose,
    ForcedDeflate,
    PartInstead,
    RangeUnsaid,
    RedirectAside,
    RedirectsWithoutEnd,
)
from tests.simulator import Clip, Offers, Recipe, Service, make_clip
from tests.simulator.faults import (
    Always,
    Both,
    ChallengePage,
    Changed,
    ChunkedWithoutLength,
    CloseBeforeHeaders,
    CutAfter,
    CutChunked,
    EmptyBody,
    EndlessBody,
    Fault,
    ForcedGzip,
    GzipBomb,
    HugeHeader,
    IgnoreRange,
    LyingRange,
    NotHttp,
    RangeNotSatisfiable,
    Raw,
    Redirect,
    RedirectLoop,
    ResetAfter,
    ResetAfterHeaders,
    ResetBeforeHeaders,
    Silence,
    SlowBody,
    StallAfter,
    Status,
    UntilClose,
    WrongContentLength,
    WrongRange,
)

SIZE = 300_000
HALF = 150_000
LIMIT = 1_000_000
"""The `--max-asset-size` of these runs."""

_LONG_AGO = datetime(2015, 10, 21, 7, 28, tzinfo=UTC)
_NO_VALIDATOR = Offers(etag=False, last_modified=False)
_CUT = CutAfter(HALF)


class End(Enum):
    """How the video ends."""

    WHOLE = "the right bytes, verified"
    MISSING = "nothing under a final name, the reason in the sidecar"
    MISMATCHED = "what the host has, flagged"


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaFault:
    """One row: `requests` are those for the video, exactly; `kind` is the error's, where it ends in one."""

    name: str
    faults: Callable[[Service], Sequence[Fault]]
    requests: int = 2
    end: End = End.WHOLE
    kind: str | None = None
    keeps: bool = False
    """Bytes stay aside, from which the next run goes on."""
    offers: Offers = field(default_factory=Offers)


def clip() -> Clip:
    """Return the clip whose video is fetched."""
    return make_clip().padded_to(SIZE)


def other_video(size: int = SIZE) -> bytes:
    """Return another video, to take the first one's place."""
    return make_clip(Recipe(seed=1)).padded_to(size, seed=1).video.data


def _row(name: str, *faults: Fault, requests: int = 2, offers: Offers | None = None) -> MediaFault:
    """Return a row that ends well."""
    return MediaFault(name=name, faults=lambda _: faults, requests=requests, offers=offers or Offers())


def _lost(name: str, *faults: Fault, requests: int, kind: str, keeps: bool = False) -> MediaFault:
    """Return a row that ends without the video."""
    return MediaFault(
        name=name, faults=lambda _: faults, requests=requests, end=End.MISSING, kind=kind, keeps=keeps
    )


def _flagged(name: str, *faults: Fault) -> MediaFault:
    """Return a row that ends with a file that is kept, though it is not what was promised."""
    return MediaFault(name=name, faults=lambda _: faults, end=End.MISMATCHED)


def _changed(name: str, offers: Offers, *, requests: int, size: int = SIZE) -> MediaFault:
    """Return a row in which another file takes the first one's place between two tries."""
    return MediaFault(
        name=name, faults=lambda _: (_CUT, Changed(other_video(size))), requests=requests, offers=offers
    )


def _picture() -> Fault:
    return Raw(make_clip().thumbnail.data, media_type="image/jpeg")


STATUSES = [
    *(_row(f"status-{code}", Status(code)) for code in (408, 425, 429, 500, 502, 503, 504)),
    _row("retry-after-seconds", Status(503, retry_after=1)),
    _row("retry-after-a-past-date", Status(429, retry_after=_LONG_AGO)),
    _row("retry-after-nonsense", Status(503, retry_after="soon"), Status(503, retry_after="-1"), requests=3),
    _lost("retry-after-absurd", Always(Status(429, retry_after=10**11)), requests=1, kind="retry_later"),
    _lost(
        "retry-after-a-far-date",
        Always(Status(503, retry_after="Fri, 31 Dec 9999 23:59:59 GMT")),
        requests=1,
        kind="retry_later",
    ),
    _lost("status-500-for-good", Always(Status(500)), requests=4, kind="status"),
    _lost("status-400", Always(Status(400)), requests=1, kind="status"),
    _lost("status-404-for-good", Always(Status(404)), requests=2, kind="status"),
]

CONNECTIONS = [
    _row("connection-close", ConnectionClose(), requests=1),
    _row("closed-before-headers", CloseBeforeHeaders()),
    _row("reset-before-headers", ResetBeforeHeaders()),
    _row("reset-after-headers", ResetAfterHeaders()),
    _row("reset-midway", ResetAfter(HALF)),
    _row("reset-further-on-each-time", *[ResetAfter(40_000)] * 5, requests=6),
    _row("cut-under-content-length", _CUT),
    _row("cut-without-validators", _CUT, offers=_NO_VALIDATOR),
    _row("cut-where-there-are-no-ranges", _CUT, offers=Offers(ranges=False)),
    _row("cut-chunked", CutChunked(HALF)),
    _row("chunked-without-length", ChunkedWithoutLength(), requests=1),
    _row("http-1.0-until-close", UntilClose(), requests=1),
    _row("http-1.0-cut-unseen", UntilClose(HALF)),
    _flagged("http-1.0-cut-unseen-for-good", Always(UntilClose(HALF))),
    _row("content-length-too-long", WrongContentLength(100), requests=3),
    _row("content-length-too-short", WrongContentLength(-100)),
    _row("stall-midway", StallAfter(HALF)),
    _row("stall-after-headers", StallAfter(0)),
    _row("silence-before-headers", Silence()),
    _row("not-http", NotHttp()),
    _row("header-of-10-mb", HugeHeader()),
    _row("slow-but-living", SlowBody(SIZE / 2), requests=1),
    _lost("dead-after-half", _CUT, Always(ResetBeforeHeaders()), requests=4, kind="broken", keeps=True),
]

RANGES = [
    _row("range-ignored", _CUT, IgnoreRange()),
    _row("range-later-than-asked", _CUT, WrongRange(1000), requests=3),
    _row("range-earlier-than-asked", _CUT, WrongRange(-1000), requests=3),
    _row("range-lies-earlier", _CUT, LyingRange(-100), requests=3),
    _row("range-lies-later", _CUT, LyingRange(100), requests=3),
    _row("range-lies-without-validators", _CUT, LyingRange(-100), requests=3, offers=_NO_VALIDATOR),
    _row("range-unsaid", _CUT, RangeUnsaid(), requests=3),
    _row("part-of-what-was-asked-whole", PartInstead()),
    _row("416-at-full-length", CutChunked(SIZE), RangeNotSatisfiable()),
    _row("416-of-another-length", _CUT, RangeNotSatisfiable(100), requests=3),
    _changed("changed-etag", Offers(last_modified=False), requests=2),
    _changed("changed-last-modified", Offers(etag=False), requests=2),
    _changed("changed-weak-etag", Offers(weak=True, last_modified=False), requests=3),
    _changed("changed-length", _NO_VALIDATOR, requests=3, size=SIZE + 5000),
    _changed("changed-shorter", _NO_VALIDATOR, requests=3, size=HALF - 5000),
    _changed("changed-without-a-sign", _NO_VALIDATOR, requests=3),
]

BODIES = [
    _row("gzip-once", ForcedGzip(), requests=1),
    _row("gzip-always", Always(ForcedGzip()), requests=1),
    _row("gzip-always-and-cut", Both(ForcedGzip(), CutAfter(1000)), Always(ForcedGzip())),
    _row("gzip-cut-unseen", Both(ForcedGzip(), UntilClose(1000)), Always(ForcedGzip())),
    _row("gzip-after-a-plain-half", _CUT, Always(ForcedGzip()), requests=3),
    _row("deflate-always", Always(ForcedDeflate()), requests=1),
    _row("deflate-without-its-header", Always(ForcedDeflate(bare=True)), requests=1),
    _row("gzip-claimed", ClaimsCoding()),
    _lost("brotli-always", Always(ClaimsCoding("br")), requests=4, kind="broken"),
    _lost("gzip-bomb", Always(GzipBomb(20 * LIMIT)), requests=1, kind="too_large"),
    _row("empty-body", EmptyBody()),
    _lost("empty-body-for-good", Always(EmptyBody()), requests=4, kind="not_media"),
    _row("challenge-page", ChallengePage()),
    _lost("challenge-page-for-good", Always(ChallengePage()), requests=4, kind="not_media"),
    MediaFault(name="picture-for-a-video", faults=lambda _: (_picture(),)),
    MediaFault(
        name="picture-for-a-video-for-good", faults=lambda _: (Always(_picture()),), end=End.MISMATCHED
    ),
    _lost("body-without-end", EndlessBody(), requests=1, kind="too_large"),
]

REDIRECTS = [
    MediaFault(
        name="redirect-to-another-host", faults=lambda service: (RedirectAside(service.listen("127.0.0.2")),)
    ),
    MediaFault(
        name="redirect-permanently",
        faults=lambda service: (RedirectAside(service.listen("127.0.0.3"), status=308),),
    ),
    MediaFault(
        name="redirect-to-a-closed-port",
        faults=lambda service: (Always(Redirect(service.refusing_base() + "/clip.mp4")),),
        requests=4,
        end=End.MISSING,
        kind="connect",
    ),
    _lost("redirect-loop", RedirectLoop(), requests=1, kind="redirect"),
    _lost("redirects-without-end", RedirectsWithoutEnd(), requests=11, kind="redirect"),
    _lost("redirect-to-nowhere", Always(Status(302)), requests=1, kind="redirect"),
    _lost("redirect-to-a-file", Always(Redirect("file:///etc/passwd")), requests=1, kind="url_refused"),
]

MEDIA_FAULTS: Sequence[MediaFault] = [*STATUSES, *CONNECTIONS, *RANGES, *BODIES, *REDIRECTS]
