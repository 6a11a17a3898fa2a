"""The table of API faults: what is answered when the generation is asked for, and how that must end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from archiver.domain.outcome import Outcome
from tests.faults.oddities import (
    ClaimsCoding,
    ConnectionClose,
    ForcedDeflate,
    RedirectAside,
    RedirectsWithoutEnd,
)
from tests.simulator import ZERO_TIME, Service, Shape
from tests.simulator.faults import (
    Always,
    Array,
    ChunkedWithoutLength,
    CloseBeforeHeaders,
    CutAfter,
    CutChunked,
    CutJson,
    DeepNesting,
    EmptyBody,
    EndlessBody,
    EndlessJson,
    ErrorObject,
    Fault,
    ForcedGzip,
    GzipBomb,
    HtmlPage,
    HugeHeader,
    NotANumber,
    NotHttp,
    Null,
    NumbersAsText,
    OtherId,
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
)

_LONG_AGO = datetime(2015, 10, 21, 7, 28, tzinfo=UTC)
_ALL_ASSETS = frozenset({"video", "video_raw", "thumbnail", "last_frame"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiFault:
    """One row: `requests` are those to the API, exactly; `kind` and `words` are the error's, if any."""

    name: str
    faults: Callable[[Service], Sequence[Fault]] = lambda _: ()
    shape: Shape = field(default_factory=Shape)
    states: Sequence[str] = ("completed",)
    requests: int = 2
    outcome: Outcome = Outcome.ARCHIVED
    kind: str | None = None
    words: str = ""
    alone: bool = False
    """It needs a run of its own: the API is left alone after it, or is waited for."""


def _passes(name: str, *faults: Fault, requests: int = 2) -> ApiFault:
    """Return a row after which the generation is archived."""
    return ApiFault(name=name, faults=lambda _: faults, requests=requests)


def _errs(name: str, fault: Fault, *, kind: str, requests: int = 1, words: str = "") -> ApiFault:
    """Return a row that leaves the generation for a later run."""
    return ApiFault(
        name=name,
        faults=lambda _: (Always(fault),),
        requests=requests,
        outcome=Outcome.ERROR,
        kind=kind,
        words=words,
    )


def _shaped(
    name: str, shape: Shape, *, outcome: Outcome = Outcome.ARCHIVED, kind: str | None = None
) -> ApiFault:
    """Return a row about an answer that is odd and not wrong."""
    return ApiFault(name=name, shape=shape, requests=1, outcome=outcome, kind=kind)


STATUSES = [
    *(_passes(f"status-{code}", Status(code)) for code in (408, 425, 429, 500, 502, 503, 504)),
    _passes("retry-after-seconds", Status(429, retry_after=1)),
    _passes("retry-after-a-past-date", Status(503, retry_after=_LONG_AGO)),
    _passes(
        "retry-after-nonsense", Status(503, retry_after="soon"), Status(503, retry_after="-1"), requests=3
    ),
    replace(_errs("retry-after-absurd", Status(429, retry_after=10**11), kind="retry_later"), alone=True),
    _errs("status-500-for-good", Status(500), kind="status", requests=4),
    _errs("status-404", Status(404), kind="not_found"),
    _errs(
        "status-402",
        ErrorObject("your balance is 0", status=402),
        kind="service_refused",
        words="balance is 0",
    ),
    _errs("status-418", Status(418), kind="service_refused"),
]

CONNECTIONS = [
    _passes("connection-close", ConnectionClose(), requests=1),
    _passes("closed-before-headers", CloseBeforeHeaders()),
    _passes("reset-before-headers", ResetBeforeHeaders()),
    _passes("reset-after-headers", ResetAfterHeaders()),
    _passes("reset-midway", ResetAfter(100)),
    _passes("cut-under-content-length", CutAfter(100)),
    _passes("cut-chunked", CutChunked(100)),
    _passes("chunked-without-length", ChunkedWithoutLength(), requests=1),
    _passes("http-1.0-until-close", UntilClose(), requests=1),
    _passes("http-1.0-cut-unseen", UntilClose(100)),
    _passes("content-length-too-long", WrongContentLength(100)),
    _passes("content-length-too-short", WrongContentLength(-100)),
    _passes("stall-midway", StallAfter(100)),
    _passes("silence-before-headers", Silence()),
    _passes("not-http", NotHttp()),
    _passes("header-of-10-mb", HugeHeader()),
    _passes("answer-that-drips", SlowBody(200)),
]

ANSWERS = [
    _passes("html-with-200", HtmlPage()),
    _errs("html-with-200-for-good", HtmlPage(), kind="bad_answer", requests=4, words="an HTML page"),
    _passes("html-with-502", HtmlPage(502)),
    _passes("cut-json", CutJson()),
    _passes("null", Null()),
    _passes("array", Array()),
    _passes("empty-body", EmptyBody()),
    _passes("not-utf-8", Raw(b'{"id": "\xff\xfe"}')),
    _passes("nan", NotANumber()),
    _passes("numbers-as-text", NumbersAsText(), requests=1),
    _passes("nesting-of-100000", DeepNesting()),
    _errs("nesting-of-100000-for-good", DeepNesting(), kind="bad_answer", requests=4),
    _errs("another-id", OtherId(), kind="wrong_id", words="another-generation"),
    _errs(
        "error-object-with-200", ErrorObject("no quota left"), kind="service_refused", words="no quota left"
    ),
    _errs("endless-json", EndlessJson(), kind="too_large", words="over 8 MB"),
    _errs("endless-zeros", EndlessBody(), kind="too_large"),
]

CODINGS = [
    _passes("gzip-always", Always(ForcedGzip()), requests=1),
    _passes("deflate-always", Always(ForcedDeflate(bare=True)), requests=1),
    _passes("gzip-claimed", ClaimsCoding()),
    _passes("brotli-claimed", ClaimsCoding("br"), requests=1),
    _errs("gzip-bomb", GzipBomb(20_000_000), kind="too_large", words="over 8 MB"),
]

REDIRECTS = [
    ApiFault(
        name="redirect-to-another-host",
        faults=lambda service: (RedirectAside(service.listen("127.0.0.2")),),
        outcome=Outcome.ERROR,
        kind="service_refused",
        words="--api-base",
    ),
    _errs("redirect-loop", RedirectLoop(), kind="redirect"),
    _errs("redirects-without-end", RedirectsWithoutEnd(), kind="redirect", requests=11),
    _errs("redirect-to-nowhere", Status(302), kind="redirect"),
    _errs("redirect-to-a-file", Redirect("file:///etc/passwd"), kind="url_refused"),
]

SHAPES = [
    _shaped(
        "completed-without-assets", Shape(absent=_ALL_ASSETS), outcome=Outcome.INCOMPLETE, kind="not_offered"
    ),
    _shaped("null-thumbnail", Shape(absent=frozenset({"thumbnail"}))),
    _shaped("assets-under-artifact-alone", Shape(place="artifact")),
    _shaped("assets-on-top-alone", Shape(place="top")),
    _shaped("download-url-alone", Shape(only_download_url=True)),
    _shaped("answer-under-data", Shape(wrapped=True)),
    _shaped("zero-date", Shape(created_at=ZERO_TIME)),
    _shaped("null-date", Shape(created_at=None)),
    _shaped("sizes-of-zero", Shape(changes={"video_raw": {"width": 0, "height": 0, "duration": 0}})),
    ApiFault(
        name="states-that-go-backwards",
        states=("processing", "pending", "queued", "processing", "dreaming", "completed"),
        requests=6,
        alone=True,
    ),
    ApiFault(
        name="a-state-nobody-knows", states=("hibernating",), requests=1, outcome=Outcome.PENDING, alone=True
    ),
]

API_FAULTS: Sequence[ApiFault] = [*STATUSES, *CONNECTIONS, *ANSWERS, *CODINGS, *REDIRECTS, *SHAPES]
