"""One short message to a URL that the user typed. This blocks."""

from __future__ import annotations

import ssl

from archiver.domain.errors import ConnectError, StatusError, UrlRefusedError
from archiver.domain.identity import MediaUrl
from archiver.domain.status import disposition_of
from archiver.version import __version__

# A monitor that is slower than this is of no use to a job that wants to end.
_TIME_LIMIT_S = 10.0


def post(url: MediaUrl, body: bytes) -> None:
    """Send a text; redirects are followed, what is answered is not read. Raises `TransferError`."""
    import httpx  # noqa: PLC0415 - a tenth of a second, for those alone who are told

    headers = {"user-agent": f"luma-archiver/{__version__}", "content-type": "text/plain; charset=utf-8"}
    try:
        with (
            httpx.Client(timeout=_TIME_LIMIT_S, follow_redirects=True, headers=headers) as client,
            client.stream("POST", url.full, content=body) as answer,
        ):
            status = answer.status_code
    except httpx.InvalidURL as error:
        msg = f"{url.host}: not a URL that can be asked for"
        raise UrlRefusedError(msg) from error
    except (httpx.HTTPError, ssl.SSLError, UnicodeError) as error:
        # Its words may hold the URL, which is as good as a password.
        msg = f"{url.host}: not told: {type(error).__name__}"
        raise ConnectError(msg) from error
    if not httpx.codes.is_success(status):
        msg = f"{url.host} answered HTTP {status}"
        raise StatusError(msg, status=status, disposition=disposition_of(status))
